#include "wire/dynamodb/limits.hpp"

#include "wire/dynamodb/errors.hpp"

namespace cloudshelf::dynamodb {
namespace {

std::size_t size_of_number(const Number& number) {
    const auto pairs = static_cast<std::size_t>(number.digits() + 1) / 2;
    return pairs + 1 + (number.negative() ? 1 : 0);
}

struct Sizes {
    std::size_t operator()(const std::string& text) const { return text.size(); }
    std::size_t operator()(const Number& number) const { return size_of_number(number); }
    std::size_t operator()(const Binary& binary) const { return binary.bytes.size(); }
    template <class Member>
    std::size_t operator()(const SetOf<Member>& set) const {
        std::size_t sum = 0;
        for (const Member& member : set.members()) sum += (*this)(member);
        return sum;
    }
    // 3 bytes for the list or map itself, one for each of its elements.
    std::size_t operator()(const Map& map) const { return 3 + map.size() + size_of(map); }
    std::size_t operator()(const List& list) const {
        std::size_t sum = 3 + list.values.size();
        for (const AttributeValue& value : list.values) sum += size_of(value);
        return sum;
    }
    std::size_t operator()(bool) const { return 1; }
    std::size_t operator()(Null) const { return 1; }
};

}  // namespace

std::size_t size_of(const AttributeValue& value) {
    return std::visit(Sizes{}, value.any());
}

std::size_t size_of(const Item& item) {
    std::size_t sum = 0;
    for (const Attribute& attribute : item.attributes()) sum += attribute.name.size() + size_of(attribute.value);
    return sum;
}

Result<void> check_item_size(const Item& item) {
    if (size_of(item) > item_bytes_max) {
        return fail(errors::validation("Item size has exceeded the maximum allowed size"));
    }
    return {};
}

}  // namespace cloudshelf::dynamodb
