#include "wire/dynamodb/evaluate.hpp"

#include <algorithm>
#include <utility>

namespace cloudshelf::dynamodb {
namespace {

struct Measure {
    using Size = std::optional<std::size_t>;
    Size operator()(const std::string& text) const { return text.size(); }
    Size operator()(const Binary& binary) const { return binary.bytes.size(); }
    Size operator()(const Map& map) const { return map.size(); }
    Size operator()(const List& list) const { return list.values.size(); }
    template <class Member>
    Size operator()(const SetOf<Member>& set) const {
        return set.members().size();
    }
    Size operator()(const Number&) const { return std::nullopt; }
    Size operator()(bool) const { return std::nullopt; }
    Size operator()(Null) const { return std::nullopt; }
};

/// An operand's value: the condition's own, the item's, or one that was computed. Null: there is none.
class Value {
public:
    Value(const Operand& operand, const Item& item) {
        if (const auto* path = std::get_if<Path>(&operand)) {
            value_ = at(item, *path);
        } else if (const auto* literal = std::get_if<AttributeValue>(&operand)) {
            value_ = literal;
        } else if (const AttributeValue* found = at(item, std::get<SizeOf>(operand).path)) {
            if (const auto size = measure(*found)) {
                computed_ = Number(static_cast<std::int64_t>(*size));
                value_ = &computed_;
            }
        }
    }
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;

    explicit operator bool() const { return value_ != nullptr; }
    const AttributeValue& operator*() const { return *value_; }
    const AttributeValue* operator->() const { return value_; }

private:
    const AttributeValue* value_ = nullptr;
    AttributeValue computed_;
};

bool holds(Comparator comparator, const Value& left, const Value& right) {
    if (comparator == Comparator::eq) return left && right && *left == *right;
    if (comparator == Comparator::ne) return !(left && right && *left == *right);
    if (!left || !right) return false;
    const auto order = compare(*left, *right);
    if (!order) return false;
    switch (comparator) {
        case Comparator::lt:
            return *order < 0;
        case Comparator::le:
            return *order <= 0;
        case Comparator::gt:
            return *order > 0;
        default:
            return *order >= 0;
    }
}

bool begins(const AttributeValue& value, const AttributeValue& prefix) {
    if (const auto* text = value.get<std::string>()) {
        return prefix.is(Type::S) && text->starts_with(*prefix.get<std::string>());
    }
    if (const auto* binary = value.get<Binary>()) {
        return prefix.is(Type::B) && binary->bytes.starts_with(prefix.get<Binary>()->bytes);
    }
    return false;
}

bool has_part(const AttributeValue& value, const AttributeValue& part) {
    if (const auto* list = value.get<List>()) return std::ranges::find(list->values, part) != list->values.end();
    if (const auto* text = part.get<std::string>()) {
        if (const auto* whole = value.get<std::string>()) return whole->contains(*text);
        const auto* set = value.get<StringSet>();
        return set && set->contains(*text);
    }
    if (const auto* number = part.get<Number>()) {
        const auto* set = value.get<NumberSet>();
        return set && set->contains(*number);
    }
    if (const auto* binary = part.get<Binary>()) {
        if (const auto* whole = value.get<Binary>()) return whole->bytes.contains(binary->bytes);
        const auto* set = value.get<BinarySet>();
        return set && set->contains(*binary);
    }
    return false;
}

struct Evaluator {
    const Item& item;

    bool operator()(const And& test) const {
        return std::ranges::all_of(test.conditions, [&](const Condition& each) { return matches(each, item); });
    }
    bool operator()(const Or& test) const {
        return std::ranges::any_of(test.conditions, [&](const Condition& each) { return matches(each, item); });
    }
    bool operator()(const Not& test) const { return !matches(*test.condition, item); }
    bool operator()(const Compare& test) const {
        return holds(test.comparator, Value(test.left, item), Value(test.right, item));
    }
    bool operator()(const Between& test) const {
        const Value value(test.value, item);
        return holds(Comparator::ge, value, Value(test.low, item)) &&
               holds(Comparator::le, value, Value(test.high, item));
    }
    bool operator()(const In& test) const {
        const Value value(test.value, item);
        return std::ranges::any_of(test.list, [&](const Operand& each) {
            return holds(Comparator::eq, value, Value(each, item));
        });
    }
    bool operator()(const Exists& test) const { return (at(item, test.path) != nullptr) == test.wanted; }
    bool operator()(const HasType& test) const {
        const AttributeValue* value = at(item, test.path);
        return value && value->is(test.type);
    }
    bool operator()(const BeginsWith& test) const {
        const Value value(test.value, item);
        const Value prefix(test.prefix, item);
        return value && prefix && begins(*value, *prefix);
    }
    bool operator()(const Contains& test) const {
        const Value value(test.value, item);
        const Value part(test.part, item);
        return value && part && has_part(*value, *part);
    }
};

// A projection as a tree: what of a value is wanted. Paths don't overlap, so that a leaf has no children.
struct Wanted {
    Step step;
    std::vector<Wanted> below;
};

void add_wanted(std::vector<Wanted>& wanted, const Path& path) {
    std::vector<Wanted>* level = &wanted;
    for (const Step& step : path) {
        auto found = std::ranges::find(*level, step, &Wanted::step);
        if (found == level->end())
            found = level->insert(std::ranges::upper_bound(*level, step, {}, &Wanted::step), {step, {}});
        level = &found->below;
    }
}

std::optional<AttributeValue> part_of(const AttributeValue& value, const std::vector<Wanted>& wanted);

Map part_of(const Map& map, const std::vector<Wanted>& wanted) {
    Map part;
    for (const Wanted& each : wanted) {  // in order, so that each goes to the end
        const auto* name = std::get_if<std::string>(&each.step);
        const AttributeValue* found = name ? map.find(*name) : nullptr;
        if (!found) continue;
        if (auto value = part_of(*found, each.below)) part.append(*name, std::move(*value));
    }
    return part;
}

std::optional<AttributeValue> part_of(const AttributeValue& value, const std::vector<Wanted>& wanted) {
    if (wanted.empty()) return value;
    if (const auto* map = value.get<Map>()) {
        Map part = part_of(*map, wanted);
        if (part.empty()) return std::nullopt;
        return part;
    }
    const auto* list = value.get<List>();
    if (!list) return std::nullopt;
    List part;
    for (const Wanted& each : wanted) {
        const auto* index = std::get_if<std::uint32_t>(&each.step);
        if (!index || *index >= list->values.size()) continue;
        if (auto element = part_of(list->values[*index], each.below)) part.values.push_back(std::move(*element));
    }
    if (part.values.empty()) return std::nullopt;
    return part;
}

}  // namespace

const AttributeValue* at(const Item& item, const Path& path) {
    const AttributeValue* value = item.find(top_of(path));
    for (std::size_t i = 1; i < path.size() && value; ++i) {
        if (const auto* name = std::get_if<std::string>(&path[i])) {
            const auto* map = value->get<Map>();
            value = map ? map->find(*name) : nullptr;
        } else {
            const auto* list = value->get<List>();
            const auto index = std::get<std::uint32_t>(path[i]);
            value = list && index < list->values.size() ? &list->values[index] : nullptr;
        }
    }
    return value;
}

std::optional<std::size_t> measure(const AttributeValue& value) {
    return std::visit(Measure{}, value.any());
}

bool matches(const Condition& condition, const Item& item) {
    return std::visit(Evaluator{item}, condition.test);
}

Item project(const Projection& projection, const Item& item) {
    return projection.paths.empty() ? item : project_only(projection.paths, item);
}

Item project_only(const std::vector<Path>& paths, const Item& item) {
    std::vector<Wanted> wanted;
    for (const Path& path : paths) add_wanted(wanted, path);
    return part_of(item, wanted);
}

}  // namespace cloudshelf::dynamodb
