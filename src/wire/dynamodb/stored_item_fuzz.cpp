#include "base/assert.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Any bytes as a stored item and as a key. What can be read has exactly these bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf;
    using namespace cloudshelf::dynamodb;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto item = decode_item(bytes);
    if (item) {
        CLOUDSHELF_ASSERT(encode_item(*item) == bytes);
        for (const Attribute& each : item->attributes()) {
            const auto one = decode_attribute(bytes, each.name);
            CLOUDSHELF_ASSERT(one && *one && **one == each.value);
        }
    }
    static_cast<void>(decode_attribute(bytes, "a"));
    for (const Type type : {Type::S, Type::N, Type::B}) {
        std::string_view rest = bytes;
        const auto key = take_key(rest, type);
        if (!key) continue;
        std::string again;
        append_key(again, *key);
        CLOUDSHELF_ASSERT(again == bytes.substr(0, bytes.size() - rest.size()));
    }
    return 0;
}
