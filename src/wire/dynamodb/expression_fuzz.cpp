#include "base/assert.hpp"
#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Any text as an expression; the first byte chooses which. What can be read is evaluated too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf;
    using namespace cloudshelf::dynamodb;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

    static const Item item = [] {
        Map inner;
        inner.set("b", Number(1));
        Item made;
        made.set("a", std::move(inner));
        made.set("l", List({AttributeValue("x"), AttributeValue(Number(2))}));
        made.set("n", Number(5));
        made.set("s", "xyz");
        made.set("t", *StringSet::of({"p", "q"}));
        return made;
    }();
    Placeholders placeholders;
    placeholders.add_name("#a", "a");
    placeholders.add_value(":n", Number(3));
    placeholders.add_value(":s", "x");
    placeholders.add_value(":l", List());
    placeholders.add_value(":t", *StringSet::of({"p", "q"}));
    const KeySchema schema{.hash = {"s", Type::S}, .sort = KeyAttribute{"n", Type::N}};

    switch (data[0] % 4) {
        case 0:
            if (const auto condition = parse_condition(text, "ConditionExpression", placeholders)) {
                for (const Path& path : paths_of(*condition)) CLOUDSHELF_ASSERT(!path.empty());
                const bool holds = matches(*condition, item);
                CLOUDSHELF_ASSERT(holds == matches(*condition, item));
            }
            break;
        case 1:
            if (const auto update = parse_update(text, placeholders)) {
                if (const auto after = apply(*update, item)) {
                    const auto stored = decode_item(encode_item(after->item));
                    CLOUDSHELF_ASSERT(stored && *stored == after->item);
                    static_cast<void>(project_only(after->touched.paths, item));
                }
            }
            break;
        case 2:
            if (const auto projection = parse_projection(text, placeholders)) {
                const Item part = project(*projection, item);
                CLOUDSHELF_ASSERT(part.size() <= item.size());
            }
            break;
        default:
            if (const auto condition = parse_key_condition(text, schema, placeholders)) {
                CLOUDSHELF_ASSERT(condition->hash.is(Type::S));
                static_cast<void>(range_of(*condition));
            }
    }
    return 0;
}
