#include "wire/dynamodb/legacy.hpp"

#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/parsing.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cloudshelf::dynamodb {
namespace {

namespace json = boost::json;

/// A member that is there and not null.
const json::value* member(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains({name.data(), name.size()});
    return found && !found->is_null() ? found : nullptr;
}

/// A member that is an object. Errors: SerializationException where it is something else.
Result<const json::object*> object_member(const json::object& object, std::string_view name) {
    const json::value* found = member(object, name);
    if (!found) return nullptr;
    if (const auto* map = found->if_object()) return map;
    return fail(errors::serialization("Unexpected field type"));
}

std::string_view text_of(const json::value* value) {
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

/// An operator of the older parameters: how many values it takes, and of which types.
struct Operator {
    std::string_view name;
    std::size_t values_min;
    std::size_t values_max;
    std::string_view types;  // " S N " …
};
constexpr std::string_view scalars = " S N B ";
constexpr std::string_view all_types = " S N B SS NS BS M L BOOL NULL ";
constexpr std::array<Operator, 13> operators{{
    {"EQ", 1, 1, all_types},
    {"NE", 1, 1, all_types},
    {"IN", 1, 100, scalars},
    {"LE", 1, 1, scalars},
    {"LT", 1, 1, scalars},
    {"GE", 1, 1, scalars},
    {"GT", 1, 1, scalars},
    {"BETWEEN", 2, 2, scalars},
    {"NOT_NULL", 0, 0, ""},
    {"NULL", 0, 0, ""},
    {"CONTAINS", 1, 1, scalars},
    {"NOT_CONTAINS", 1, 1, scalars},
    {"BEGINS_WITH", 1, 1, " S B "},
}};

/// One attribute's test in any of the older parameters.
struct Test {
    std::string name;
    const Operator* how = nullptr;
    std::vector<AttributeValue> values;
};

Result<std::vector<AttributeValue>> read_values(const json::object& condition) {
    std::vector<AttributeValue> values;
    const json::value* list = member(condition, "AttributeValueList");
    if (!list) return values;
    const auto* array = list->if_array();
    if (!array) return fail(errors::serialization("Unexpected field type"));
    for (const json::value& each : *array) {
        auto value = read_value(each);
        if (!value) return fail(std::move(value.error()));
        values.push_back(std::move(*value));
    }
    return values;
}

Result<const Operator*> operator_named(std::string_view name) {
    const auto found = std::ranges::find(operators, name, &Operator::name);
    if (found != operators.end()) return &*found;
    return fail(errors::validation(fmt::format(
        "1 validation error detected: Value '{}' at 'comparisonOperator' failed to satisfy constraint: Member must "
        "satisfy "
        "enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]",
        name
    )));
}

Result<void> check_values(const Test& test) {
    const auto& [name, how, values] = test;
    if (values.size() < how->values_min || values.size() > how->values_max) {
        return fail(errors::invalid_parameter(
            fmt::format("Invalid number of argument(s) for the {} ComparisonOperator", how->name)
        ));
    }
    for (const AttributeValue& value : values) {
        if (value.type() != values.front().type()) {
            return fail(errors::invalid_parameter("AttributeValues inside AttributeValueList must be of same type"));
        }
        if (!how->types.contains(fmt::format(" {} ", to_string(value.type())))) {
            return fail(errors::invalid_parameter(fmt::format(
                "ComparisonOperator {} is not valid for {} AttributeValue type", how->name, to_string(value.type())
            )));
        }
    }
    if (how->name == "BETWEEN" && *compare(values[0], values[1]) > 0) {
        return fail(errors::validation(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        ));
    }
    return {};
}

/// `{"ComparisonOperator": …, "AttributeValueList": […]}`
Result<Test> read_test(std::string_view name, const json::object& condition) {
    const json::value* op = member(condition, "ComparisonOperator");
    if (!op) {
        return fail(
            errors::validation("1 validation error detected: Value null at 'comparisonOperator' failed to satisfy "
                               "constraint: Member must not "
                               "be null")
        );
    }
    const auto how = operator_named(text_of(op));
    if (!how) return fail(how.error());
    auto values = read_values(condition);
    if (!values) return fail(std::move(values.error()));
    Test test{.name = std::string(name), .how = *how, .values = std::move(*values)};
    if (auto checked = check_values(test); !checked) return fail(std::move(checked.error()));
    return test;
}

/// One entry of Expected: as above, or `{"Exists": …, "Value": …}`.
Result<Test> read_expectation(std::string_view name, const json::object& condition) {
    const auto refuse = [&](std::string_view what) {
        return fail(errors::invalid_parameter(fmt::format("{} for Attribute: {}", what, name)));
    };
    const json::value* op = member(condition, "ComparisonOperator");
    const json::value* list = member(condition, "AttributeValueList");
    const json::value* value = member(condition, "Value");
    const json::value* exists = member(condition, "Exists");
    if (exists && !exists->is_bool()) return fail(errors::serialization("Unexpected field type"));
    if (value && list) return refuse("Value and AttributeValueList cannot be used together");
    if (op && exists) return refuse("Exists and ComparisonOperator cannot be used together");
    if (list && !op) return refuse("AttributeValueList can only be used with a ComparisonOperator");
    if (op && !value) {
        if (!list && text_of(op) != "NULL" && text_of(op) != "NOT_NULL") {
            return refuse(
                fmt::format("Value or AttributeValueList must be used with ComparisonOperator: {}", text_of(op))
            );
        }
        return read_test(name, condition);
    }
    const bool wanted = !exists || exists->get_bool();
    if (wanted && !value) {
        return refuse(fmt::format("Value must be provided when Exists is {}", exists ? "true" : "null"));
    }
    if (!wanted && value) return refuse("Value cannot be used when Exists is false");

    const auto how = operator_named(op ? text_of(op) : wanted ? "EQ" : "NULL");
    if (!how) return fail(how.error());
    Test test{.name = std::string(name), .how = *how};
    if (value) {
        auto read = read_value(*value);
        if (!read) return fail(std::move(read.error()));
        test.values.push_back(std::move(*read));
    }
    if (auto checked = check_values(test); !checked) return fail(std::move(checked.error()));
    return test;
}

template <class Read>
Result<std::vector<Test>> read_tests(const json::object& tests, Read read) {
    std::vector<Test> all;
    for (const auto& [name, json] : tests) {
        const auto* condition = json.if_object();
        if (!condition) return fail(errors::serialization("Unexpected field type"));
        auto test = read(std::string_view(name.data(), name.size()), *condition);
        if (!test) return fail(std::move(test.error()));
        all.push_back(std::move(*test));
    }
    return all;
}

Condition negated(Condition condition) {
    return {Not{std::make_unique<Condition>(std::move(condition))}};
}

Condition condition_of(Test test) {
    const Path path{std::move(test.name)};
    const std::string_view how = test.how->name;
    const auto compared = [&](Comparator comparator) {
        return Condition{Compare{.comparator = comparator, .left = path, .right = std::move(test.values[0])}};
    };
    if (how == "EQ") return compared(Comparator::eq);
    if (how == "NE") return compared(Comparator::ne);
    if (how == "LE") return compared(Comparator::le);
    if (how == "LT") return compared(Comparator::lt);
    if (how == "GE") return compared(Comparator::ge);
    if (how == "GT") return compared(Comparator::gt);
    if (how == "NOT_NULL") return {Exists{.path = path, .wanted = true}};
    if (how == "NULL") return {Exists{.path = path, .wanted = false}};
    if (how == "BEGINS_WITH") return {BeginsWith{.value = path, .prefix = std::move(test.values[0])}};
    if (how == "CONTAINS") return {Contains{.value = path, .part = std::move(test.values[0])}};
    if (how == "BETWEEN") {
        return {Between{.value = path, .low = std::move(test.values[0]), .high = std::move(test.values[1])}};
    }
    if (how == "IN") {
        In in{.value = path, .list = {}};
        for (AttributeValue& value : test.values) in.list.emplace_back(std::move(value));
        return {std::move(in)};
    }
    // NOT_CONTAINS: an attribute that isn't there passes no test but NULL and NE.
    And both;
    both.conditions.push_back({Exists{.path = path, .wanted = true}});
    both.conditions.push_back(negated({Contains{.value = path, .part = std::move(test.values[0])}}));
    return {std::move(both)};
}

/// The tests as one condition, joined as ConditionalOperator says.
Result<std::optional<Condition>> joined(const json::object& request, std::vector<Test> tests) {
    const json::value* how = member(request, "ConditionalOperator");
    const std::string_view word = how ? text_of(how) : "AND";
    if (word != "AND" && word != "OR") {
        return fail(errors::validation(fmt::format(
            "1 validation error detected: Value '{}' at 'conditionalOperator' failed to satisfy constraint: Member "
            "must "
            "satisfy enum value set: [OR, AND]",
            word
        )));
    }
    if (how && tests.size() < 2) {
        return fail(errors::validation(
            tests.empty() ? "ConditionalOperator cannot be used without Filter or Expected"
                          : "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        ));
    }
    if (tests.empty()) return std::optional<Condition>();
    std::vector<Condition> conditions;
    for (Test& test : tests) conditions.push_back(condition_of(std::move(test)));
    if (word == "OR") return Condition{Or{std::move(conditions)}};
    return Condition{And{std::move(conditions)}};
}

template <class Read>
Result<std::optional<Condition>> read_joined(const json::object& request, std::string_view parameter, Read read) {
    const auto map = object_member(request, parameter);
    if (!map) return fail(map.error());
    if (!*map) return joined(request, {});
    auto tests = read_tests(**map, read);
    if (!tests) return fail(std::move(tests.error()));
    return joined(request, std::move(*tests));
}

/// One entry of AttributeUpdates.
Result<Action> read_action(std::string_view name, const json::object& update) {
    const json::value* given = member(update, "Action");
    const std::string_view action = given ? text_of(given) : "PUT";
    const json::value* json = member(update, "Value");
    std::optional<AttributeValue> value;
    if (json) {
        auto read = read_value(*json);
        if (!read) return fail(std::move(read.error()));
        value = std::move(*read);
    }
    Path path{std::string(name)};
    if (action == "DELETE" && !value) return Action(Remove{std::move(path)});
    if (action != "PUT" && action != "ADD" && action != "DELETE") {
        return fail(errors::validation(fmt::format(
            "1 validation error detected: Value '{}' at 'attributeUpdates.{}.member.action' failed to satisfy "
            "constraint: "
            "Member must satisfy enum value set: [DELETE, ADD, PUT]",
            action,
            name
        )));
    }
    if (!value) {
        return fail(errors::invalid_parameter("Only DELETE action is allowed when no attribute value is specified"));
    }
    if (action == "PUT") return Action(Set{.path = std::move(path), .term = std::move(*value)});
    const bool is_set = value->is(Type::SS) || value->is(Type::NS) || value->is(Type::BS);
    if (action == "ADD" && (is_set || value->is(Type::N))) {
        return Action(Add{.path = std::move(path), .value = std::move(*value)});
    }
    if (action == "ADD" && value->is(Type::L)) {  // only the older parameter appends to lists
        Operation there{.kind = Operation::Kind::if_not_exists, .left = path, .right = AttributeValue(List())};
        Operation append{
            .kind = Operation::Kind::list_append,
            .left = std::make_unique<Operation>(std::move(there)),
            .right = std::move(*value),
        };
        return Action(Set{.path = std::move(path), .term = std::make_unique<Operation>(std::move(append))});
    }
    if (action == "DELETE" && is_set) return Action(Delete{.path = std::move(path), .value = std::move(*value)});
    return fail(errors::invalid_parameter(
        fmt::format("{} action is not supported for the type {}", action, to_string(value->type()))
    ));
}

std::vector<std::string_view> present(const json::object& request, std::initializer_list<std::string_view> names) {
    std::vector<std::string_view> there;
    std::ranges::copy_if(names, std::back_inserter(there), [&](std::string_view name) {
        return member(request, name);
    });
    return there;
}

}  // namespace

Result<std::optional<Condition>> read_expected(const json::object& request) {
    return read_joined(request, "Expected", read_expectation);
}

Result<std::optional<Condition>> read_filter(const json::object& request, std::string_view parameter) {
    return read_joined(request, parameter, read_test);
}

Result<std::optional<Update>> read_attribute_updates(const json::object& request) {
    const auto map = object_member(request, "AttributeUpdates");
    if (!map) return fail(map.error());
    if (!*map) return std::optional<Update>();
    Update update;
    for (const auto& [name, json] : **map) {
        const auto* each = json.if_object();
        if (!each) return fail(errors::serialization("Unexpected field type"));
        if (name.size() > attribute_name_bytes_max) return fail(errors::invalid_parameter(name_too_long));
        auto action = read_action({name.data(), name.size()}, *each);
        if (!action) return fail(std::move(action.error()));
        update.actions.push_back(std::move(*action));
    }
    return update;
}

Result<std::optional<KeyCondition>> read_key_conditions(const json::object& request, const KeySchema& schema) {
    const auto map = object_member(request, "KeyConditions");
    if (!map) return fail(map.error());
    if (!*map) return std::optional<KeyCondition>();
    auto tests = read_tests(**map, read_test);
    if (!tests) return fail(std::move(tests.error()));

    constexpr std::array<std::pair<std::string_view, SortCondition::Kind>, 7> kinds{{
        {"EQ", SortCondition::Kind::eq},
        {"LT", SortCondition::Kind::lt},
        {"LE", SortCondition::Kind::le},
        {"GT", SortCondition::Kind::gt},
        {"GE", SortCondition::Kind::ge},
        {"BETWEEN", SortCondition::Kind::between},
        {"BEGINS_WITH", SortCondition::Kind::begins_with},
    }};
    std::vector<KeyTest> of_keys;
    for (Test& test : *tests) {
        const auto kind = std::ranges::find(kinds, test.how->name, [](const auto& each) { return each.first; });
        if (kind == kinds.end()) {
            return fail(errors::validation("Attempted conditional constraint is not an indexable operation"));
        }
        of_keys.push_back(
            {.name = test.name, .test = {.kind = kind->second, .value = test.values.front(), .high = test.values.back()}
            }
        );
    }
    auto condition = key_condition_of(std::move(of_keys), schema);
    if (!condition) return fail(std::move(condition.error()));
    return std::move(*condition);
}

Result<std::optional<Projection>> read_attributes_to_get(const json::object& request) {
    const json::value* found = member(request, "AttributesToGet");
    if (!found) return std::optional<Projection>();
    const auto* names = found->if_array();
    if (!names) return fail(errors::serialization("Unexpected field type"));
    if (names->empty()) {
        return fail(
            errors::validation("1 validation error detected: Value '[]' at 'attributesToGet' failed to satisfy "
                               "constraint: Member must have "
                               "length greater than or equal to 1")
        );
    }
    Projection projection;
    for (const json::value& each : *names) {
        if (!each.is_string()) return fail(errors::serialization("Unexpected field type"));
        Path path{std::string(text_of(&each))};
        if (each.as_string().size() > attribute_name_bytes_max) return fail(errors::invalid_parameter(name_too_long));
        if (std::ranges::find(projection.paths, path) != projection.paths.end()) {
            return fail(errors::invalid_parameter(
                fmt::format("Duplicate value in attribute name: {}", std::get<std::string>(path[0]))
            ));
        }
        projection.paths.push_back(std::move(path));
    }
    return projection;
}

Result<void> check_not_mixed(
    const json::object& request,
    std::initializer_list<std::string_view> expressions,
    std::initializer_list<std::string_view> older
) {
    const auto expressions_there = present(request, expressions);
    auto older_there = present(request, older);
    if (!expressions_there.empty()) {
        // KeyConditions go with a ProjectionExpression or FilterExpression.
        if (!member(request, "KeyConditionExpression")) std::erase(older_there, "KeyConditions");
        if (!older_there.empty()) {
            return fail(errors::validation(fmt::format(
                "Can not use both expression and non-expression parameters in the same request: Non-expression "
                "parameters: "
                "{{{}}} Expression parameters: {{{}}}",
                fmt::join(older_there, ", "),
                fmt::join(expressions_there, ", ")
            )));
        }
    }
    if (member(request, "ExpressionAttributeNames") && expressions_there.empty()) {
        return fail(errors::validation("ExpressionAttributeNames can only be specified when using expressions"));
    }
    std::vector<std::string_view> with_values(expressions);
    std::erase(with_values, "ProjectionExpression");
    const bool any = std::ranges::any_of(with_values, [&](std::string_view name) { return member(request, name); });
    if (member(request, "ExpressionAttributeValues") && !any && !with_values.empty()) {
        return fail(errors::validation(fmt::format(
            "ExpressionAttributeValues can only be specified when using expressions: {} {} null",
            fmt::join(with_values, " and "),
            with_values.size() > 1 ? "are" : "is"
        )));
    }
    return {};
}

}  // namespace cloudshelf::dynamodb
