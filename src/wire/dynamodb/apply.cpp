#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/limits.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace cloudshelf::dynamodb {
namespace {

std::unexpected<Error> bad_path() {
    return fail(errors::validation("The document path provided in the update expression is invalid for update"));
}
std::unexpected<Error> bad_operand() {
    return fail(errors::validation("An operand in the update expression has an incorrect data type"));
}
std::unexpected<Error> no_attribute() {
    return fail(errors::validation("The provided expression refers to an attribute that does not exist in the item"));
}

// ------------------------------------------------------------------------------------------- the right-hand sides

Result<AttributeValue> value_of(const Term& term, const Item& item);

Result<AttributeValue> value_of(const Operation& operation, const Item& item) {
    if (operation.kind == Operation::Kind::if_not_exists) {
        const AttributeValue* there = at(item, std::get<Path>(operation.left));
        if (there) return *there;
        return value_of(operation.right, item);
    }
    auto left = value_of(operation.left, item);
    if (!left) return left;
    auto right = value_of(operation.right, item);
    if (!right) return right;
    if (operation.kind == Operation::Kind::list_append) {
        auto* front = left->get<List>();
        auto* back = right->get<List>();
        if (!front || !back) return bad_operand();
        for (AttributeValue& each : back->values) front->values.push_back(std::move(each));
        return left;
    }
    const auto* a = left->get<Number>();
    const auto* b = right->get<Number>();
    if (!a || !b) return bad_operand();
    const auto sum = operation.kind == Operation::Kind::plus ? Number::add(*a, *b) : Number::subtract(*a, *b);
    if (!sum) return fail(sum.error());
    return *sum;
}

Result<AttributeValue> value_of(const Term& term, const Item& item) {
    if (const auto* value = std::get_if<AttributeValue>(&term)) return *value;
    if (const auto* operation = std::get_if<std::unique_ptr<Operation>>(&term)) return value_of(**operation, item);
    const AttributeValue* found = at(item, std::get<Path>(term));
    if (!found) return no_attribute();
    return *found;
}

/// What ADD makes of the value that is there (null: none). Errors: "An operand …".
Result<AttributeValue> added(const AttributeValue* there, const AttributeValue& value) {
    if (!there) return value;
    if (there->type() != value.type()) return bad_operand();
    if (const auto* number = value.get<Number>()) {
        const auto sum = Number::add(*there->get<Number>(), *number);
        if (!sum) return fail(sum.error());
        return *sum;
    }
    AttributeValue sum = *there;
    if (auto* set = sum.get<StringSet>()) set->add(*value.get<StringSet>());
    if (auto* set = sum.get<NumberSet>()) set->add(*value.get<NumberSet>());
    if (auto* set = sum.get<BinarySet>()) set->add(*value.get<BinarySet>());
    return sum;
}

/// What DELETE leaves; nothing where no member is left.
Result<std::optional<AttributeValue>> reduced(const AttributeValue& there, const AttributeValue& value) {
    if (there.type() != value.type()) return bad_operand();
    AttributeValue rest = there;
    if (auto* set = rest.get<StringSet>()) set->remove(*value.get<StringSet>());
    if (auto* set = rest.get<NumberSet>()) set->remove(*value.get<NumberSet>());
    if (auto* set = rest.get<BinarySet>()) set->remove(*value.get<BinarySet>());
    if (measure(rest) == 0) return std::optional<AttributeValue>();
    return std::optional(std::move(rest));
}

// --------------------------------------------------------------------------------------------------- the item

/// One change of one place: a new value, or nothing to remove it.
struct Change {
    const Path* path;
    std::optional<AttributeValue> value;
};

/// The map or list that holds the path's last step. Errors: "The document path …".
Result<AttributeValue*> parent_of(Item& item, const Path& path) {
    AttributeValue* value = item.find(top_of(path));
    for (std::size_t i = 1; i + 1 < path.size() && value; ++i) {
        if (const auto* name = std::get_if<std::string>(&path[i])) {
            auto* map = value->get<Map>();
            value = map ? map->find(*name) : nullptr;
        } else {
            auto* list = value->get<List>();
            const auto index = std::get<std::uint32_t>(path[i]);
            value = list && index < list->values.size() ? &list->values[index] : nullptr;
        }
    }
    const bool by_name = std::holds_alternative<std::string>(path.back());
    if (!value || !value->is(by_name ? Type::M : Type::L)) return bad_path();
    return value;
}

/// Sets or removes by name; elements of lists are set if they are there, and else added at the end, in `appended`.
Result<void> make(Change& change, Item& item) {
    const Path& path = *change.path;
    const auto set_in = [&](Map& map, const std::string& name) {
        if (change.value) {
            map.set(name, std::move(*change.value));
        } else {
            map.erase(name);
        }
    };
    if (path.size() == 1) {
        set_in(item, top_of(path));
        return {};
    }
    auto parent = parent_of(item, path);
    if (!parent) return fail(std::move(parent.error()));
    if (const auto* name = std::get_if<std::string>(&path.back())) {
        set_in(*(*parent)->get<Map>(), *name);
        return {};
    }
    auto& values = (*parent)->get<List>()->values;
    const auto index = std::get<std::uint32_t>(path.back());
    if (!change.value) {
        if (index < values.size()) values.erase(values.begin() + index);
    } else if (index < values.size()) {
        values[index] = std::move(*change.value);
    } else {
        values.push_back(std::move(*change.value));
    }
    return {};
}

/// Elements are named by where they stood before the update. So what is set comes first, in the order of its places
/// (what is set behind the end is added in that order), and what is removed afterwards, from the end.
void sort_by_place(std::span<Change> sets, std::span<Change> removals) {
    const auto place = [](const Change& change) -> const Path& { return *change.path; };
    std::ranges::sort(sets, {}, place);
    std::ranges::sort(removals, std::ranges::greater{}, place);
}

int depth_of(const AttributeValue& value) {
    int below = 0;
    if (const auto* map = value.get<Map>()) {
        for (const Attribute& each : map->attributes()) below = std::max(below, depth_of(each.value));
        return below + 1;
    }
    if (const auto* list = value.get<List>()) {
        for (const AttributeValue& each : list->values) below = std::max(below, depth_of(each));
        return below + 1;
    }
    return 0;
}

Result<void> check(const Item& item, const Update& update) {
    if (size_of(item) > item_bytes_max) {
        return fail(errors::validation("Item size to update has exceeded the maximum allowed size"));
    }
    for (const Action& action : update.actions) {  // only what was set can have grown deeper
        const AttributeValue* value = item.find(top_of(path_of(action)));
        if (value && depth_of(*value) > nesting_max) {
            return fail(errors::validation("Nesting Levels have exceeded supported limits"));
        }
    }
    return {};
}

}  // namespace

Result<Updated> apply(const Update& update, Item item) {
    std::vector<Change> sets;
    std::vector<Change> removals;
    std::vector<Path> touched;
    for (const Action& action : update.actions) {
        const Path& path = path_of(action);
        touched.push_back(path);
        if (std::holds_alternative<Remove>(action)) {
            removals.push_back({&path, std::nullopt});
            continue;
        }
        if (const auto* set = std::get_if<Set>(&action)) {
            auto value = value_of(set->term, item);
            if (!value) return fail(std::move(value.error()));
            sets.push_back({&path, std::move(*value)});
            continue;
        }
        const AttributeValue* there = at(item, path);
        if (!there && path.size() > 1) {
            if (auto parent = parent_of(item, path); !parent) return fail(std::move(parent.error()));
        }
        if (const auto* add = std::get_if<Add>(&action)) {
            auto value = added(there, add->value);
            if (!value) return fail(std::move(value.error()));
            sets.push_back({&path, std::move(*value)});
        } else if (there) {
            auto value = reduced(*there, std::get<Delete>(action).value);
            if (!value) return fail(std::move(value.error()));
            if (*value) {
                sets.push_back({&path, std::move(**value)});
            } else {
                removals.push_back({&path, std::nullopt});
            }
        }
    }

    sort_by_place(sets, removals);
    for (auto* changes : {&sets, &removals}) {
        for (Change& change : *changes) {
            if (auto made = make(change, item); !made) return fail(std::move(made.error()));
        }
    }
    if (auto checked = check(item, update); !checked) return fail(std::move(checked.error()));
    return Updated{.item = std::move(item), .touched = {std::move(touched)}};
}

}  // namespace cloudshelf::dynamodb
