#pragma once

#include "base/result.hpp"
#include "region/contents/name.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::contents {

/// "contents.missing": there is no such file.
Error missing(const ContentName& name);
/// "contents.corrupt": the file is not what was written; the other region may have it whole.
Error corrupt(const ContentName& name, std::string_view why);
/// "contents.no-key": the key file lacks the key, or has other bytes under its name. The file may well be whole.
Error no_key(std::string_view key, std::uint32_t version, std::string_view why);
/// "contents.mismatch": the bytes are not those that were announced.
Error mismatch(std::string_view expected, std::string_view found);
/// "contents.disk-full": nothing was kept.
Error disk_full(std::string_view why);
/// "contents.io", or "contents.disk-full" where that is what `number` (errno) says.
Error io_failed(std::string_view path, std::string_view doing, int number);
/// "contents.io": a folder's fsync failed before, so that no later one can be believed.
Error needs_reopening();
/// "contents.bad-name"
Error bad_name();

}  // namespace cloudshelf::contents
