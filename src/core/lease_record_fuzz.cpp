#include "base/assert.hpp"
#include "core/lease_record.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

/// Any bytes as the lease key's value: refused, or a record that says the same when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto record = cloudshelf::core::parse_lease(text);
    if (!record) return 0;
    const std::string written = cloudshelf::core::to_json(*record);
    const auto again = cloudshelf::core::parse_lease(written);
    CLOUDSHELF_ASSERT(again && cloudshelf::core::to_json(*again) == written);
    return 0;
}
