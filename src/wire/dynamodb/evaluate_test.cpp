#include "wire/dynamodb/evaluate.hpp"

#include "wire/dynamodb/legacy.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/support_test.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cloudshelf::dynamodb {
namespace {

constexpr std::string_view values =
    R"({":s": {"S": "x"}, ":n": {"N": "1"}, ":m": {"N": "2"}, ":b": {"BOOL": true}, ":l": {"L": [{"N": "9"}]},
        ":ss": {"SS": ["a", "c"]}, ":ns": {"NS": ["1"]}, ":t": {"S": "N"}, ":bin": {"B": "AA=="}, ":e": {"S": ""}})";

/// "yes", "no", or what is wrong with the condition.
std::string holds(std::string_view text, std::string_view item) {
    Placeholders placeholders = placeholders_of("", values);
    const auto condition = parse_condition(text, "ConditionExpression", placeholders);
    if (!condition) return condition.error().message;
    return matches(*condition, item_of(item)) ? "yes" : "no";
}

/// The item after the update, or the error.
std::string updated(std::string_view text, std::string_view item) {
    Placeholders placeholders = placeholders_of("", values);
    const auto update = parse_update(text, placeholders);
    if (!update) return update.error().message;
    const auto after = apply(*update, item_of(item));
    return after ? to_json(after->item) : after.error().message;
}

std::string projected(std::string_view text, std::string_view item) {
    Placeholders placeholders;
    const auto projection = parse_projection(text, placeholders);
    return projection ? to_json(project(*projection, item_of(item))) : projection.error().message;
}

constexpr std::string_view item =
    R"({"a":{"S":"xyz"},"b":{"N":"1"},"c":{"M":{"d":{"L":[{"N":"5"},{"S":"x"}]}}},"e":{"SS":["a","b"]},"f":{"B":"AAE="}})";

// Goal: conditions as DynamoDB judges them, absent attributes and other types among them. Method: a table.
TEST(Condition, Holds) {
    for (const std::string_view yes :
         {"begins_with(a, :s)",
          "contains(a, :s)",
          "contains(e, :s) OR contains(c.d, :s)",
          "contains(f, :bin)",
          "begins_with(f, :bin)",
          "b = :n",
          "b <= :n AND b >= :n AND NOT b < :n",
          "b BETWEEN :n AND :m",
          "b IN (:s, :n)",
          "b <> :s",        // another type
          "nothing <> :s",  // absent
          "NOT nothing = :s",
          "attribute_not_exists(nothing)",
          "attribute_exists(c.d[1])",
          "attribute_not_exists(c.d[2])",
          "attribute_not_exists(a.b)",
          "attribute_type(b, :t)",
          "size(a) > :m",
          "size(c.d) = :m",
          "size(e) = size(f)",
          "size(:e) < :n",
          "c.d[0] > :n"}) {
        EXPECT_EQ(holds(yes, item), "yes") << yes;
    }
    for (const std::string_view no :
         {"begins_with(b, :s)",
          "contains(b, :n)",
          "nothing = :s",
          "nothing < :s",
          "nothing BETWEEN :n AND :m",
          "nothing IN (:s)",
          "begins_with(nothing, :s)",
          "attribute_type(nothing, :t)",
          "size(b) >= :n",  // numbers have no size
          "size(nothing) >= :n",
          "a > :n",  // another type
          "a BETWEEN :n AND :m",
          "e = :ss"}) {
        EXPECT_EQ(holds(no, item), "no") << no;
    }
    EXPECT_EQ(holds("e = :ss", R"({"e":{"SS":["c","a"]}})"), "yes");
}

TEST(Update, SetsAndCalculates) {
    EXPECT_EQ(updated("SET a = :s", "{}"), R"({"a":{"S":"x"}})");
    EXPECT_EQ(updated("SET a = a + :n, b = a", R"({"a":{"N":"1.5"}})"), R"({"a":{"N":"2.5"},"b":{"N":"1.5"}})");
    EXPECT_EQ(updated("SET a = if_not_exists(a, :n) - :m", "{}"), R"({"a":{"N":"-1"}})");
    EXPECT_EQ(updated("SET a = b, b = a", R"({"a":{"N":"1"},"b":{"N":"2"}})"), R"({"a":{"N":"2"},"b":{"N":"1"}})");
    EXPECT_EQ(
        updated("SET a = list_append(a, :l)", R"({"a":{"L":[{"N":"1"}]}})"), R"({"a":{"L":[{"N":"1"},{"N":"9"}]}})"
    );
    EXPECT_EQ(
        updated("SET c.d[1] = :n", R"({"c":{"M":{"d":{"L":[{"S":"q"}]}}}})"),
        R"({"c":{"M":{"d":{"L":[{"S":"q"},{"N":"1"}]}}}})"
    );
    // What is set behind the end of a list goes there in the order of the places.
    EXPECT_EQ(updated("SET a[9] = :m, a[5] = :n", R"({"a":{"L":[]}})"), R"({"a":{"L":[{"N":"1"},{"N":"2"}]}})");
}

TEST(Update, RemovesAddsAndDeletes) {
    EXPECT_EQ(updated("REMOVE a, nothing", R"({"a":{"N":"1"},"b":{"N":"2"}})"), R"({"b":{"N":"2"}})");
    const std::string_view list = R"({"a":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"N":"3"}]}})";
    EXPECT_EQ(updated("REMOVE a[0], a[2], a[9]", list), R"({"a":{"L":[{"N":"1"},{"N":"3"}]}})");
    EXPECT_EQ(updated("REMOVE a[0] SET a[1] = :s", list), R"({"a":{"L":[{"S":"x"},{"N":"2"},{"N":"3"}]}})");
    EXPECT_EQ(updated("ADD a :n, b :ss", R"({"a":{"N":"-1"}})"), R"({"a":{"N":"0"},"b":{"SS":["a","c"]}})");
    EXPECT_EQ(updated("ADD a :ss", R"({"a":{"SS":["b","c"]}})"), R"({"a":{"SS":["a","b","c"]}})");
    EXPECT_EQ(updated("DELETE a :ss", R"({"a":{"SS":["b","c"]}})"), R"({"a":{"SS":["b"]}})");
    EXPECT_EQ(updated("DELETE a :ss", R"({"a":{"SS":["a","c"]}})"), "{}");  // no empty set stays behind
    EXPECT_EQ(updated("DELETE a :ss", "{}"), "{}");
}

TEST(Update, RefusesWhatTheItemDoesNotAllow) {
    const std::string absent = "The provided expression refers to an attribute that does not exist in the item";
    const std::string path = "The document path provided in the update expression is invalid for update";
    const std::string operand = "An operand in the update expression has an incorrect data type";
    EXPECT_EQ(updated("SET a = b", "{}"), absent);
    EXPECT_EQ(updated("SET a = a + :n", "{}"), absent);
    EXPECT_EQ(updated("SET a.b = :n", "{}"), path);
    EXPECT_EQ(updated("SET a[0] = :n", R"({"a":{"M":{}}})"), path);
    EXPECT_EQ(updated("REMOVE a.b", R"({"a":{"S":"x"}})"), path);
    EXPECT_EQ(updated("ADD a.b :n", "{}"), path);
    EXPECT_EQ(updated("SET a = a + :n", R"({"a":{"S":"x"}})"), operand);
    EXPECT_EQ(updated("SET a = list_append(a, :l)", R"({"a":{"S":"x"}})"), operand);
    EXPECT_EQ(updated("ADD a :n", R"({"a":{"S":"x"}})"), operand);
    EXPECT_EQ(updated("ADD a :ns", R"({"a":{"SS":["x"]}})"), operand);
    EXPECT_EQ(updated("DELETE a :ns", R"({"a":{"SS":["x"]}})"), operand);
    EXPECT_EQ(
        updated("SET a = a + :n", R"({"a":{"N":"1e38"}})"),
        "Attempting to store more than 38 significant digits in a Number"
    );

    Placeholders placeholders;
    placeholders.add_value(":v", std::string(item_bytes_max, 'x'));
    const auto update = parse_update("SET a = :v", placeholders);
    ASSERT_TRUE(update);
    EXPECT_EQ(apply(*update, {}).error().message, "Item size to update has exceeded the maximum allowed size");

    std::string deep = R"({"a":)";
    for (int i = 0; i < 32; ++i) deep += R"({"L":[)";
    deep += R"({"S":"x"})";
    for (int i = 0; i < 32; ++i) deep += "]}";
    EXPECT_EQ(updated("SET b = list_append(:l, a)", deep + "}").substr(0, 5), R"({"a":)");
    std::string place = "a";
    for (int i = 0; i < 31; ++i) place += "[0]";
    EXPECT_EQ(updated("SET " + place + " = :l", deep + "}").substr(0, 5), R"({"a":)");
    EXPECT_EQ(updated("SET " + place + " = a", deep + "}"), "Nesting Levels have exceeded supported limits");
}

TEST(Update, KnowsWhatItTouched) {
    Placeholders placeholders = placeholders_of("", R"({":n": {"N": "7"}})");
    const auto update = parse_update("SET a.b = :n REMOVE c", placeholders);
    ASSERT_TRUE(update);
    const Item before = item_of(R"({"a":{"M":{"b":{"N":"1"},"x":{"N":"2"}}},"c":{"S":"old"},"d":{"S":"q"}})");
    const auto after = apply(*update, before);
    ASSERT_TRUE(after);
    EXPECT_EQ(to_json(project_only(after->touched.paths, before)), R"({"a":{"M":{"b":{"N":"1"}}},"c":{"S":"old"}})");
    EXPECT_EQ(to_json(project_only(after->touched.paths, after->item)), R"({"a":{"M":{"b":{"N":"7"}}}})");

    const KeySchema schema{.hash = {"c", Type::S}};
    EXPECT_EQ(
        check_key_untouched(*update, schema).error().message,
        "One or more parameter values were invalid: Cannot update attribute c. This attribute is part of the key"
    );
}

TEST(Projection, KeepsOrderAndClosesRanks) {
    EXPECT_EQ(projected("b, nothing", item), R"({"b":{"N":"1"}})");
    EXPECT_EQ(projected("c.d[1], a", item), R"({"a":{"S":"xyz"},"c":{"M":{"d":{"L":[{"S":"x"}]}}}})");
    const std::string_view lists =
        R"({"l":{"L":[{"N":"0"},{"M":{"x":{"N":"1"},"y":{"N":"2"},"z":{"N":"3"}}},{"N":"4"}]}})";
    EXPECT_EQ(projected("l[2], l[0]", lists), R"({"l":{"L":[{"N":"0"},{"N":"4"}]}})");
    EXPECT_EQ(projected("l[1].z, l[1].x", lists), R"({"l":{"L":[{"M":{"x":{"N":"1"},"z":{"N":"3"}}}]}})");
    EXPECT_EQ(projected("l[7], a.b", item), "{}");
    EXPECT_EQ(project({}, item_of(item)), item_of(item));
}

// Goal: the bytes a query reads are those of the keys that its condition means. Method: random keys and conditions
// against a comparison of values.
TEST(KeyCondition, RangesHoldWhatTheyMean) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    using enum SortCondition::Kind;
    for (int round = 0; round < 6000; ++round) {
        const auto type = random.below(3);
        const auto any = [&]() -> AttributeValue {
            if (type == 0) return random_bytes(random, 3);
            if (type == 1) return Binary{random_bytes(random, 3)};
            return Number(static_cast<std::int64_t>(random.below(20)) - 10);
        };
        const auto kind = static_cast<SortCondition::Kind>(random.below(type == 2 ? 6 : 7));
        const KeyCondition condition{
            .hash = AttributeValue(random_bytes(random, 1)),
            .sort = SortCondition{.kind = kind, .value = any(), .high = any()}
        };
        const AttributeValue hash = random.below(4) == 0 ? AttributeValue(random_bytes(random, 1)) : condition.hash;
        const AttributeValue sort = any();
        const auto to_value = *compare(sort, condition.sort->value);
        const auto begins = [&] {
            const auto text = [](const AttributeValue& v) {
                return v.is(Type::S) ? *v.get<std::string>() : v.get<Binary>()->bytes;
            };
            return text(sort).starts_with(text(condition.sort->value));
        };
        const bool wanted =
            hash == condition.hash && (kind == eq        ? to_value == 0
                                       : kind == lt      ? to_value < 0
                                       : kind == le      ? to_value <= 0
                                       : kind == gt      ? to_value > 0
                                       : kind == ge      ? to_value >= 0
                                       : kind == between ? to_value >= 0 && *compare(sort, condition.sort->high) <= 0
                                                         : begins());
        std::string key = "prefix";
        append_key(key, hash);
        append_key(key, sort);
        ASSERT_EQ(range_of(condition, "prefix").contains(key), wanted)
            << to_json(sort) << to_json(condition.sort->value) << static_cast<int>(kind);
        ASSERT_EQ(
            range_of(condition, "prefix").contains(key + random_bytes(random, 3)), wanted
        );  // an index's key goes on
    }
}

// Goal: the order of AND, OR, NOT and parentheses. Method: random formulas of comparisons that are known to hold or
// not, written as text, against the formula's value.
TEST(Condition, AgreesWithLogic) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    struct Formula {
        std::string text;
        bool holds;
        int rank;  // 0: atom or in parentheses, 1: NOT, 2: AND, 3: OR
    };
    const auto within = [](const Formula& formula, int rank) {
        return formula.rank > rank ? "(" + formula.text + ")" : formula.text;
    };
    const auto make = [&](auto&& self, int depth) -> Formula {
        if (depth == 0 || random.below(4) == 0) {
            const bool yes = random.below(2) == 0;
            return {yes ? "b = :n" : "b = :m", yes, 0};
        }
        const Formula a = self(self, depth - 1);
        if (random.below(3) == 0) return {"NOT " + within(a, 1), !a.holds, 1};
        const Formula b = self(self, depth - 1);
        if (random.below(2) == 0) return {within(a, 2) + " AND " + within(b, 2), a.holds && b.holds, 2};
        return {within(a, 3) + " OR " + within(b, 3), a.holds || b.holds, 3};
    };
    for (int round = 0; round < 2000; ++round) {
        const Formula formula = make(make, 5);
        ASSERT_EQ(holds(formula.text, item), formula.holds ? "yes" : "no") << formula.text;
    }
}

// ------------------------------------------------------------------------------------------- the older parameters

boost::json::object request(std::string_view json) {
    return boost::json::parse({json.data(), json.size()}).as_object();
}

std::string expected(std::string_view json, std::string_view of_item) {
    const auto condition = read_expected(request(json));
    if (!condition) return condition.error().message;
    if (!*condition) return "none";
    return matches(**condition, item_of(of_item)) ? "yes" : "no";
}

TEST(Legacy, Expected) {
    EXPECT_EQ(expected("{}", item), "none");
    EXPECT_EQ(expected(R"({"Expected":{"a":{"Value":{"S":"xyz"}},"zz":{"Exists":false}}})", item), "yes");
    EXPECT_EQ(expected(R"({"Expected":{"a":{"Exists":false}}})", item), "no");
    EXPECT_EQ(
        expected(
            R"({"Expected":{"a":{"Value":{"S":"q"}},"b":{"ComparisonOperator":"GE","AttributeValueList":[{"N":"1"}]}},
                "ConditionalOperator":"OR"})",
            item
        ),
        "yes"
    );
    EXPECT_EQ(
        expected(R"({"Expected":{"a":{"ComparisonOperator":"NOT_CONTAINS","AttributeValueList":[{"S":"q"}]}}})", item),
        "yes"
    );
    EXPECT_EQ(
        expected(R"({"Expected":{"zz":{"ComparisonOperator":"NOT_CONTAINS","AttributeValueList":[{"S":"q"}]}}})", item),
        "no"
    );
    EXPECT_EQ(
        expected(
            R"({"Expected":{"b":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"N":"0"},{"N":"1"}]}}})", item
        ),
        "yes"
    );
    EXPECT_EQ(
        expected(
            R"({"Expected":{"a":{"ComparisonOperator":"IN","AttributeValueList":[{"S":"q"},{"S":"xyz"}]}}})", item
        ),
        "yes"
    );
    const std::string invalid = "One or more parameter values were invalid: ";
    EXPECT_EQ(
        expected(R"({"Expected":{"a":{}}})", item),
        invalid + "Value must be provided when Exists is null for Attribute: a"
    );
    EXPECT_EQ(
        expected(R"({"Expected":{"a":{"Exists":false,"Value":{"S":"x"}}}})", item),
        invalid + "Value cannot be used when Exists is false for Attribute: a"
    );
    EXPECT_EQ(
        expected(R"({"Expected":{"a":{"ComparisonOperator":"LT","AttributeValueList":[]}}})", item),
        invalid + "Invalid number of argument(s) for the LT ComparisonOperator"
    );
    EXPECT_EQ(
        expected(R"({"Expected":{"a":{"ComparisonOperator":"LT","AttributeValueList":[{"BOOL":true}]}}})", item),
        invalid + "ComparisonOperator LT is not valid for BOOL AttributeValue type"
    );
    EXPECT_EQ(
        expected(R"({"ConditionalOperator":"AND"})", item),
        "ConditionalOperator cannot be used without Filter or Expected"
    );
}

TEST(Legacy, AttributeUpdates) {
    const auto result = [](std::string_view json, std::string_view before) {
        const auto update = read_attribute_updates(request(json));
        if (!update) return update.error().message;
        const auto after = apply(**update, item_of(before));
        return after ? to_json(after->item) : after.error().message;
    };
    EXPECT_EQ(
        result(
            R"({"AttributeUpdates":{"a":{"Value":{"S":"x"}},"b":{"Action":"ADD","Value":{"N":"2"}},"c":{"Action":"DELETE"},
                "d":{"Action":"DELETE","Value":{"SS":["q"]}},"e":{"Action":"ADD","Value":{"L":[{"N":"1"}]}}}})",
            R"({"b":{"N":"1"},"c":{"S":"gone"},"d":{"SS":["q","r"]}})"
        ),
        R"({"a":{"S":"x"},"b":{"N":"3"},"d":{"SS":["r"]},"e":{"L":[{"N":"1"}]}})"
    );
    EXPECT_EQ(
        result(R"({"AttributeUpdates":{"a":{"Action":"PUT"}}})", "{}"),
        "One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified"
    );
    EXPECT_EQ(
        result(R"({"AttributeUpdates":{"a":{"Action":"ADD","Value":{"S":"x"}}}})", "{}"),
        "One or more parameter values were invalid: ADD action is not supported for the type S"
    );
}

TEST(Legacy, KeyConditionsAndProjections) {
    const KeySchema schema{.hash = {"p", Type::S}, .sort = KeyAttribute{"q", Type::S}};
    const auto condition = read_key_conditions(
        request(
            R"({"KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"x"}]},
                "q":{"ComparisonOperator":"BEGINS_WITH","AttributeValueList":[{"S":"y"}]}}})"
        ),
        schema
    );
    ASSERT_TRUE(condition && *condition);
    EXPECT_EQ((*condition)->hash, AttributeValue("x"));
    EXPECT_EQ((*condition)->sort->kind, SortCondition::Kind::begins_with);
    const auto bad = read_key_conditions(
        request(R"({"KeyConditions":{"p":{"ComparisonOperator":"NE","AttributeValueList":[{"S":"x"}]}}})"), schema
    );
    EXPECT_EQ(bad.error().message, "Attempted conditional constraint is not an indexable operation");

    const auto names = read_attributes_to_get(request(R"({"AttributesToGet":["a","b.c"]})"));
    ASSERT_TRUE(names && *names);
    EXPECT_EQ((*names)->paths, (std::vector<Path>{{"a"}, {"b.c"}}));  // a dot is a part of the name here
    EXPECT_EQ(
        read_attributes_to_get(request(R"({"AttributesToGet":["a","a"]})")).error().message,
        "One or more parameter values were invalid: Duplicate value in attribute name: a"
    );
}

TEST(Legacy, IsNotMixedWithExpressions) {
    const auto mixed = [](std::string_view json) {
        const auto checked = check_not_mixed(
            request(json),
            {"UpdateExpression", "ConditionExpression"},
            {"AttributeUpdates", "Expected", "ConditionalOperator"}
        );
        return checked ? "good" : checked.error().message;
    };
    EXPECT_EQ(mixed(R"({"Expected":{},"AttributeUpdates":{}})"), "good");
    EXPECT_EQ(mixed(R"({"UpdateExpression":"x","ExpressionAttributeNames":{}})"), "good");
    EXPECT_EQ(
        mixed(R"({"Expected":{},"AttributeUpdates":{},"UpdateExpression":"x"})"),
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{AttributeUpdates, Expected} Expression parameters: {UpdateExpression}"
    );
    EXPECT_EQ(
        mixed(R"({"ExpressionAttributeNames":{}})"),
        "ExpressionAttributeNames can only be specified when using expressions"
    );
    EXPECT_EQ(
        mixed(R"({"ExpressionAttributeValues":{}})"),
        "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and "
        "ConditionExpression "
        "are null"
    );
}

}  // namespace
}  // namespace cloudshelf::dynamodb
