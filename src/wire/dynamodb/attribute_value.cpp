#include "wire/dynamodb/attribute_value.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace cloudshelf::dynamodb {
namespace {

constexpr std::array<std::string_view, 10> type_names{"S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"};

auto place_of(auto& attributes, std::string_view name) {
    return std::ranges::lower_bound(attributes, name, {}, [](const Attribute& a) { return std::string_view(a.name); });
}

auto* found(auto& attributes, std::string_view name) {
    const auto place = place_of(attributes, name);
    return place != attributes.end() && place->name == name ? &place->value : nullptr;
}

}  // namespace

std::string_view to_string(Type type) {
    return type_names[static_cast<std::size_t>(type)];
}

std::optional<Type> type_named(std::string_view name) {
    const auto at = std::ranges::find(type_names, name);
    if (at == type_names.end()) return std::nullopt;
    return static_cast<Type>(at - type_names.begin());
}

template <class Member>
std::optional<SetOf<Member>> SetOf<Member>::of(std::vector<Member> members) {
    if (!std::ranges::is_sorted(members)) std::ranges::sort(members);
    if (std::ranges::adjacent_find(members) != members.end()) return std::nullopt;
    SetOf set;
    set.members_ = std::move(members);
    return set;
}

template <class Member>
bool SetOf<Member>::contains(const Member& member) const {
    return std::ranges::binary_search(members_, member);
}

template <class Member>
void SetOf<Member>::add(const SetOf& others) {
    std::vector<Member> all;
    std::ranges::set_union(members_, others.members_, std::back_inserter(all));
    members_ = std::move(all);
}

template <class Member>
void SetOf<Member>::remove(const SetOf& others) {
    std::vector<Member> left;
    std::ranges::set_difference(members_, others.members_, std::back_inserter(left));
    members_ = std::move(left);
}

template class SetOf<std::string>;
template class SetOf<Number>;
template class SetOf<Binary>;

std::optional<Map> Map::of(std::vector<Attribute> attributes) {
    if (!std::ranges::is_sorted(attributes, {}, &Attribute::name)) std::ranges::sort(attributes, {}, &Attribute::name);
    if (std::ranges::adjacent_find(attributes, {}, &Attribute::name) != attributes.end()) return std::nullopt;
    Map map;
    map.attributes_ = std::move(attributes);
    return map;
}

const AttributeValue* Map::find(std::string_view name) const {
    return found(attributes_, name);
}

AttributeValue* Map::find(std::string_view name) {
    return found(attributes_, name);
}

AttributeValue& Map::set(std::string_view name, AttributeValue value) {
    const auto place = place_of(attributes_, name);
    if (place != attributes_.end() && place->name == name) {
        place->value = std::move(value);
        return place->value;
    }
    return attributes_.insert(place, {std::string(name), std::move(value)})->value;
}

void Map::erase(std::string_view name) {
    const auto place = place_of(attributes_, name);
    if (place != attributes_.end() && place->name == name) attributes_.erase(place);
}

void Map::append(std::string name, AttributeValue value) {
    attributes_.push_back({std::move(name), std::move(value)});
}

void Map::reserve(std::size_t count) {
    attributes_.reserve(count);
}

bool Map::operator==(const Map& other) const {
    return attributes_ == other.attributes_;
}

bool List::operator==(const List& other) const {
    return values == other.values;
}

bool AttributeValue::operator==(const AttributeValue& other) const {
    return value_ == other.value_;
}

std::optional<std::strong_ordering> compare(const AttributeValue& left, const AttributeValue& right) {
    if (left.type() != right.type()) return std::nullopt;
    if (const auto* text = left.get<std::string>()) return *text <=> *right.get<std::string>();
    if (const auto* number = left.get<Number>()) return *number <=> *right.get<Number>();
    if (const auto* binary = left.get<Binary>()) return *binary <=> *right.get<Binary>();
    return std::nullopt;
}

}  // namespace cloudshelf::dynamodb
