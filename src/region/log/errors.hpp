#pragma once

#include "base/result.hpp"
#include "region/log/entry.hpp"

#include <string>

namespace cloudshelf::changelog {

/// The entry that would come next is gone: whoever needs it takes a snapshot.
Error trimmed(Position wanted, Position low_water);
Error corrupt_entry(Position position, const std::string& why);
/// Refused beforehand: nothing was written.
Error too_full(std::uint64_t free_bytes);

}  // namespace cloudshelf::changelog
