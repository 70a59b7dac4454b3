#include "base/assert.hpp"
#include "base/crc32c.hpp"
#include "region/log/bytes.hpp"
#include "region/log/page.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

void check(std::string_view bytes) {
    using namespace cloudshelf::changelog;
    const auto page = decode_page(bytes);
    if (page) CLOUDSHELF_ASSERT(encode(*page) == bytes);
    const auto entry = decode_entry(bytes);
    if (entry) CLOUDSHELF_ASSERT(encode(*entry) == bytes);
}

}  // namespace

/// Any bytes as a page and as an entry: refused, or what is written again to the same bytes. Once as they come, and
/// once with a checksum that fits, so that what comes after it is reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check(bytes);
    cloudshelf::changelog::ByteWriter sealed;
    check(sealed.raw(bytes).number(cloudshelf::crc32c(bytes)).bytes());
    return 0;
}
