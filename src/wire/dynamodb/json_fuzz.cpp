#include "base/assert.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/legacy.hpp"
#include "wire/dynamodb/placeholders.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <boost/json/monotonic_resource.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Any bytes as a request's body, as an item, and as the older parameters. What can be read is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf;
    using namespace cloudshelf::dynamodb;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    boost::json::monotonic_resource memory;
    const auto body = parse_body(text, &memory);
    if (!body) return 0;
    if (const auto item = read_item(*body)) {
        const auto again = parse_body(to_json(*item));
        CLOUDSHELF_ASSERT(again.has_value());
        const auto same = read_item(*again);
        CLOUDSHELF_ASSERT(same && *same == *item);
        const auto stored = decode_item(encode_item(*item));
        CLOUDSHELF_ASSERT(stored && *stored == *item);
    }
    const auto* request = body->if_object();
    if (!request) return 0;
    const KeySchema schema{.hash = {"p", Type::S}, .sort = KeyAttribute{"q", Type::N}};
    static_cast<void>(read_expected(*request));
    static_cast<void>(read_filter(*request, "ScanFilter"));
    static_cast<void>(read_attribute_updates(*request));
    static_cast<void>(read_key_conditions(*request, schema));
    static_cast<void>(read_attributes_to_get(*request));
    static_cast<void>(Placeholders::read(
        request->if_contains("ExpressionAttributeNames"), request->if_contains("ExpressionAttributeValues")
    ));
    return 0;
}
