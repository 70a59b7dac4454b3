#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/parsing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudshelf::dynamodb {
namespace {

Comparator turned(Comparator comparator) {  // a < b is b > a
    switch (comparator) {
        case Comparator::lt:
            return Comparator::gt;
        case Comparator::le:
            return Comparator::ge;
        case Comparator::gt:
            return Comparator::lt;
        case Comparator::ge:
            return Comparator::le;
        default:
            return comparator;
    }
}

SortCondition::Kind kind_of(Comparator comparator) {
    switch (comparator) {
        case Comparator::lt:
            return SortCondition::Kind::lt;
        case Comparator::le:
            return SortCondition::Kind::le;
        case Comparator::gt:
            return SortCondition::Kind::gt;
        case Comparator::ge:
            return SortCondition::Kind::ge;
        default:
            return SortCondition::Kind::eq;
    }
}

/// A condition of the general grammar, as tests of key attributes; `why` is set where a query can't have it.
struct KeyTests {
    std::vector<KeyTest> tests;
    std::string why;

    void read(const Condition& condition) {
        if (why.empty()) std::visit(*this, condition.test);
    }

    void operator()(const And& test) {
        for (const Condition& each : test.conditions) read(each);
    }
    void operator()(const Or&) { refuse_operator("OR"); }
    void operator()(const Not&) { refuse_operator("NOT"); }
    void operator()(const In&) { refuse_operator("IN"); }
    void operator()(const Exists& test) { refuse_operator(test.wanted ? "attribute_exists" : "attribute_not_exists"); }
    void operator()(const HasType&) { refuse_operator("attribute_type"); }
    void operator()(const Contains&) { refuse_operator("contains"); }

    void operator()(const Compare& test) {
        if (test.comparator == Comparator::ne) return refuse_operator("<>");
        const bool path_first = std::holds_alternative<Path>(test.left);
        const Operand& path = path_first ? test.left : test.right;
        const Operand& value = path_first ? test.right : test.left;
        add(path, kind_of(path_first ? test.comparator : turned(test.comparator)), {&value});
    }
    void operator()(const Between& test) {
        if (check_first(test.value, "BETWEEN")) add(test.value, SortCondition::Kind::between, {&test.low, &test.high});
    }
    void operator()(const BeginsWith& test) {
        if (check_first(test.value, "begins_with")) add(test.value, SortCondition::Kind::begins_with, {&test.prefix});
    }

private:
    void refuse_operator(std::string_view name) {
        why = fmt::format("Invalid operator used in KeyConditionExpression: {}", name);
    }

    bool check_first(const Operand& operand, std::string_view name) {
        if (!std::holds_alternative<AttributeValue>(operand)) return true;
        why = fmt::format(
            "Invalid condition in KeyConditionExpression: {} operator must have the key attribute as its first operand",
            name
        );
        return false;
    }

    void add(const Operand& key, SortCondition::Kind kind, std::initializer_list<const Operand*> values) {
        const auto* path = std::get_if<Path>(&key);
        const auto is_size = [](const Operand* operand) { return std::holds_alternative<SizeOf>(*operand); };
        const auto is_path = [](const Operand* operand) { return std::holds_alternative<Path>(*operand); };
        if (is_size(&key) || std::ranges::any_of(values, is_size)) {
            why = "KeyConditionExpressions cannot contain nested operations";
        } else if (!path) {
            why = "Invalid condition in KeyConditionExpression: No key attribute specified";
        } else if (std::ranges::any_of(values, is_path)) {
            why = "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition";
        } else if (path->size() > 1) {
            why = "KeyConditionExpressions cannot have conditions on nested attributes";
        } else if (std::ranges::find(tests, top_of(*path), &KeyTest::name) != tests.end()) {
            why = "KeyConditionExpressions must only contain one condition per key";
        } else {
            const auto& value = std::get<AttributeValue>(**values.begin());
            const auto& high = std::get<AttributeValue>(**(values.end() - 1));
            tests.push_back({.name = top_of(*path), .test = {.kind = kind, .value = value, .high = high}});
        }
    }
};

}  // namespace

Result<KeyCondition> parse_key_condition(std::string_view text, const KeySchema& schema, Placeholders& placeholders) {
    constexpr std::string_view parameter = "KeyConditionExpression";
    const auto condition = parse_condition(text, parameter, placeholders);
    if (!condition) return fail(condition.error());
    KeyTests read;
    read.read(*condition);
    if (!read.why.empty()) return fail(invalid_expression(parameter, read.why));
    return key_condition_of(std::move(read.tests), schema);
}

}  // namespace cloudshelf::dynamodb
