#include "wire/dynamodb/parser.hpp"

#include "wire/dynamodb/reserved_words.hpp"
#include "wire/dynamodb/support_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::dynamodb {
namespace {

constexpr std::string_view names = R"({"#a": "a", "#b": "b", "#n": "name"})";
constexpr std::string_view values =
    R"({":s": {"S": "x"}, ":n": {"N": "1"}, ":m": {"N": "2"}, ":b": {"BOOL": true}, ":l": {"L": []}, ":ss": {"SS": ["a"]},
        ":t": {"S": "SS"}})";

std::string says(const auto& result, std::string_view parameter) {
    if (result) return "good";
    EXPECT_EQ(result.error().code, "ValidationException");
    const std::string prefix = "Invalid " + std::string(parameter) + ": ";
    const std::string& message = result.error().message;
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

std::string condition(std::string_view text) {
    Placeholders placeholders = placeholders_of(names, values);
    return says(parse_condition(text, "ConditionExpression", placeholders), "ConditionExpression");
}

std::string update(std::string_view text) {
    Placeholders placeholders = placeholders_of(names, values);
    return says(parse_update(text, placeholders), "UpdateExpression");
}

std::string projection(std::string_view text) {
    Placeholders placeholders = placeholders_of(names, "");
    return says(parse_projection(text, placeholders), "ProjectionExpression");
}

std::string key_condition(std::string_view text) {
    Placeholders placeholders = placeholders_of(R"({"#p": "p"})", values);
    const KeySchema schema{.hash = {"p", Type::S}, .sort = KeyAttribute{"q", Type::N}};
    return says(parse_key_condition(text, schema, placeholders), "KeyConditionExpression");
}

// Goal: what DynamoDB takes is taken, and what it refuses is refused with its words. Method: tables.
TEST(ConditionParser, TakesWhatIsOne) {
    for (const std::string_view good :
         {"a = :s",
          "a=:s AND b<>:n or not c < :n",
          "(a = :s)",
          "(a) = (:s)",
          "a BETWEEN :n AND :m AND b = :s",
          "a IN (:s, :n, b)",
          "attribute_exists(a.b[3].#n)",
          "NOT (attribute_not_exists(a) AND begins_with(a, :s))",
          "attribute_type(a, :t)",
          "contains(a, :b)",
          "size(a) > :n",
          "(size(a)) >= size(b)",
          "size(:s) = :n",
          ":n <= a",
          "NOT NOT a = :s",
          "a [ 1 ] . b = :s"}) {
        EXPECT_EQ(condition(good), "good") << good;
    }
}

TEST(ConditionParser, TellsSyntaxErrors) {
    EXPECT_EQ(condition(""), "The expression can not be empty;");
    EXPECT_EQ(condition("  "), "The expression can not be empty;");
    EXPECT_EQ(condition("foo"), R"(Syntax error; token: "<EOF>", near: "foo")");
    EXPECT_EQ(condition("a x b"), R"(Syntax error; token: "x", near: "a x b")");
    EXPECT_EQ(condition("a = "), R"(Syntax error; token: "<EOF>", near: "=")");
    EXPECT_EQ(condition("a == :s"), R"(Syntax error; token: "=", near: "== :s")");
    EXPECT_EQ(condition("a = :s AND"), R"(Syntax error; token: "<EOF>", near: "AND")");
    EXPECT_EQ(condition("(a = :s"), R"(Syntax error; token: "<EOF>", near: ":s")");
    EXPECT_EQ(condition("a = :s)"), "Syntax error; token: \")\", near: \":s)\"");
    EXPECT_EQ(condition("a = b!"), R"(Syntax error; token: "!", near: "b!")");
    EXPECT_EQ(condition("a-b = :s"), R"(Syntax error; token: "-", near: "a-b")");
    EXPECT_EQ(condition("a = 1"), R"(Syntax error; token: "1", near: "= 1")");
    EXPECT_EQ(condition("a[x] = :s"), R"(Syntax error; token: "x", near: "[x]")");
    EXPECT_EQ(condition("a[-1] = :s"), R"(Syntax error; token: "-", near: "[-1")");
    EXPECT_EQ(condition("a = :s AND AND b = :s"), R"(Syntax error; token: "AND", near: "AND AND b")");
    EXPECT_EQ(condition("(a = :s) = :s"), R"(Syntax error; token: "=", near: ") = :s")");
    EXPECT_EQ(condition("a IN :s"), R"(Syntax error; token: ":s", near: "IN :s")");
    EXPECT_EQ(condition("_a = :s"), R"(Syntax error; token: "_", near: "_a")");
    EXPECT_EQ(condition("name = (:s"), R"(Syntax error; token: "<EOF>", near: ":s")");  // before the reserved word
}

TEST(ConditionParser, TellsWhatElseIsWrong) {
    EXPECT_EQ(condition("name = :s"), "Attribute name is a reserved keyword; reserved keyword: name");
    EXPECT_EQ(condition("a.Status = :s"), "Attribute name is a reserved keyword; reserved keyword: Status");
    EXPECT_EQ(
        condition("#x = :s"),
        "An expression attribute name used in the document path is not defined; attribute name: #x"
    );
    EXPECT_EQ(
        condition("a = :x"), "An expression attribute value used in expression is not defined; attribute value: :x"
    );
    EXPECT_EQ(condition("((a = :s))"), "The expression has redundant parentheses;");
    EXPECT_EQ(condition("((a)) = :s"), "The expression has redundant parentheses;");
    EXPECT_EQ(condition("((a = :s) AND b = :s)"), "good");
    EXPECT_EQ(condition("foo(a)"), "Invalid function name; function: foo");
    EXPECT_EQ(condition("Size(a) = :n"), "Invalid function name; function: Size");
    EXPECT_EQ(
        condition("if_not_exists(a, :n) = :n"),
        "The function is not allowed in a condition expression; function: if_not_exists"
    );
    const std::string misused = "The function is not allowed to be used this way in an expression; function: ";
    EXPECT_EQ(condition("size(a)"), misused + "size");
    EXPECT_EQ(condition("a = :s AND size(a)"), misused + "size");
    EXPECT_EQ(condition("attribute_exists(a) = :b"), misused + "attribute_exists");
    EXPECT_EQ(condition("contains(a, begins_with(a, :s))"), misused + "begins_with");
    EXPECT_EQ(
        condition("attribute_exists(a, b)"),
        "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of "
        "operands: 2"
    );
    EXPECT_EQ(
        condition("attribute_exists(:s)"),
        "Operator or function requires a document path; operator or function: attribute_exists"
    );
    const std::string type = "Incorrect operand type for operator or function; operator or function: ";
    EXPECT_EQ(condition("begins_with(a, :n)"), type + "begins_with, operand type: N");
    EXPECT_EQ(condition("size(:n) = :n"), type + "size, operand type: N");
    EXPECT_EQ(condition("a < :b"), type + "<, operand type: BOOL");
    EXPECT_EQ(condition("attribute_type(a, :n)"), type + "attribute_type, operand type: N");
    EXPECT_EQ(condition("attribute_type(a, b)"), type + "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
    EXPECT_EQ(
        condition("attribute_type(a, :s)"),
        "Invalid attribute type name found; type: x, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
    );
    const std::string distinct =
        "The first operand must be distinct from the remaining operands for this operator or function; operator: ";
    EXPECT_EQ(condition("a.b[1] = #a.#b[1]"), distinct + "=, first operand: [a, b, [1]]");
    EXPECT_EQ(condition("contains(#a, #a)"), distinct + "contains, first operand: [a]");
    EXPECT_EQ(
        condition("a BETWEEN :m AND :n"),
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: "
        "AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"
    );
    EXPECT_EQ(
        condition("a BETWEEN :n AND :s"),
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: "
        "{N:1}, upper bound operand: AttributeValue: {S:x}"
    );
    std::string many = "a IN (:s";
    for (int i = 0; i < 100; ++i) many += ", :s";
    EXPECT_EQ(condition(many + ")"), "The IN operator is provided with too many operands; number of operands: 101");
    std::string deep = "a";
    for (int i = 0; i < 32; ++i) deep += ".b";
    EXPECT_EQ(condition(deep + " = :s"), "The document path has too many nesting elements; nesting levels: 33");
    EXPECT_EQ(condition("a[99999999999] = :s"), "List index is not within the allowable range; index: [99999999999]");
    EXPECT_EQ(
        condition("a = :s" + std::string(4096, ' ')),
        "Expression size has exceeded the maximum allowed size; expression size: 4102"
    );
    EXPECT_EQ(condition(std::string(4000, '(')), "The expression is nested too deep;");
    const auto either = [](int count) {  // with 2 * count + 1 operators, each inside the one before
        std::string text = "a<b ";
        for (int i = 0; i < count; ++i) text += "or (a<b ";
        return text + std::string(static_cast<std::size_t>(count), ')');
    };
    EXPECT_EQ(condition(either(149)), "good");
    EXPECT_EQ(condition(either(150)), "The expression contains too many operators; operator count: 301");
    std::string not_not;
    for (int i = 0; i < 350; ++i) not_not += "not ";
    EXPECT_EQ(condition(not_not + "a<b"), "The expression contains too many operators; operator count: 301");
}

TEST(UpdateParser, TakesWhatIsOne) {
    for (const std::string_view good :
         {"SET a = :s",
          "set a = :s, b.c[0] = if_not_exists(#a, :s) remove c, d.e add f :n delete g :ss",
          "SET a = b + :n, c = :n - d",
          "SET a = if_not_exists(a, :n) + :m",
          "SET a = list_append(if_not_exists(a, :l), :l)",
          "SET a = (b + :n)",
          "REMOVE a[0], a[1]",
          "ADD a.b :ss"}) {
        EXPECT_EQ(update(good), "good") << good;
    }
}

TEST(UpdateParser, TellsWhatIsWrong) {
    EXPECT_EQ(update(""), "The expression can not be empty;");
    EXPECT_EQ(update("a = :s"), R"(Syntax error; token: "a", near: "a =")");
    EXPECT_EQ(update("SET"), R"(Syntax error; token: "<EOF>", near: "SET")");
    EXPECT_EQ(update("SET a"), R"(Syntax error; token: "<EOF>", near: "a")");
    EXPECT_EQ(update("SET a = VALUE 1"), R"(Syntax error; token: "1", near: "VALUE 1")");
    EXPECT_EQ(update("SET first-name = :s"), R"(Syntax error; token: "-", near: "first-name")");
    EXPECT_EQ(update("SET _123 = :s"), R"(Syntax error; token: "_", near: "SET _123")");
    EXPECT_EQ(update("SET a = b + c + d"), R"(Syntax error; token: "+", near: "c + d")");
    EXPECT_EQ(update("ADD a b"), R"(Syntax error; token: "b", near: "a b")");
    EXPECT_EQ(update("SET a = :s,"), R"(Syntax error; token: "<EOF>", near: ",")");
    EXPECT_EQ(update("SET a = :s SET b = :s"), R"(The "SET" section can only be used once in an update expression;)");
    EXPECT_EQ(
        update("SET a = :x"), "An expression attribute value used in expression is not defined; attribute value: :x"
    );
    EXPECT_EQ(update("REMOVE year"), "Attribute name is a reserved keyword; reserved keyword: year");
    EXPECT_EQ(update("SET a = foo(b)"), "Invalid function name; function: foo");
    EXPECT_EQ(update("SET a = size(b)"), "The function is not allowed in an update expression; function: size");
    EXPECT_EQ(
        update("SET a = list_append(b)"),
        "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: "
        "1"
    );
    EXPECT_EQ(
        update("SET a = if_not_exists(:s, :s)"),
        "Operator or function requires a document path; operator or function: if_not_exists"
    );
    const std::string overlap =
        "Two document paths overlap with each other; must remove or rewrite one of these paths; ";
    EXPECT_EQ(update("SET a = :s REMOVE a"), overlap + "path one: [a], path two: [a]");
    EXPECT_EQ(update("SET a.b[2] = :s REMOVE #a"), overlap + "path one: [a, b, [2]], path two: [a]");
    EXPECT_EQ(
        update("SET a.b = :s, a[1] = :s"),
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], "
        "path two: "
        "[a, [1]]"
    );
    const std::string type = "Incorrect operand type for operator or function; ";
    EXPECT_EQ(update("ADD a :s"), type + "operator: ADD, operand type: STRING");
    EXPECT_EQ(update("DELETE a :n"), type + "operator: DELETE, operand type: NUMBER");
    EXPECT_EQ(update("SET a = b + :s"), type + "operator or function: +, operand type: S");
    EXPECT_EQ(update("SET a = list_append(b, :n)"), type + "operator or function: list_append, operand type: N");
    EXPECT_EQ(update("SET a = " + std::string(3000, '(')), "The expression is nested too deep;");
}

TEST(ProjectionParser, PathsAndTheirErrors) {
    EXPECT_EQ(projection("a, b.c, d[1][2].#n"), "good");
    EXPECT_EQ(projection("a,"), R"(Syntax error; token: "<EOF>", near: ",")");
    EXPECT_EQ(projection("a b"), R"(Syntax error; token: "b", near: "a b")");
    EXPECT_EQ(projection("name"), "Attribute name is a reserved keyword; reserved keyword: name");
    EXPECT_EQ(
        projection("a, a.b"),
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path "
        "two: "
        "[a, b]"
    );
}

TEST(KeyConditionParser, QueriesAndTheirErrors) {
    EXPECT_EQ(key_condition("p = :s"), "good");
    EXPECT_EQ(key_condition("p = :s AND q > :n"), "good");
    EXPECT_EQ(key_condition("(:n < q) AND (#p = :s)"), "good");
    EXPECT_EQ(key_condition("p = :s AND q BETWEEN :n AND :m"), "good");
    EXPECT_EQ(key_condition("q = :n"), "Query condition missed key schema element: p");
    EXPECT_EQ(key_condition("p = :s AND x = :n"), "Query condition missed key schema element: q");
    EXPECT_EQ(key_condition("p > :s"), "Query key condition not supported");
    EXPECT_EQ(key_condition("p = :s AND q = :n AND x = :n"), "Conditions can be of length 1 or 2 only");
    EXPECT_EQ(key_condition("p = :s OR q = :n"), "Invalid operator used in KeyConditionExpression: OR");
    EXPECT_EQ(key_condition("p = :s AND NOT q = :n"), "Invalid operator used in KeyConditionExpression: NOT");
    EXPECT_EQ(key_condition("p = :s AND q <> :n"), "Invalid operator used in KeyConditionExpression: <>");
    EXPECT_EQ(
        key_condition("p = :s AND attribute_exists(q)"),
        "Invalid operator used in KeyConditionExpression: attribute_exists"
    );
    EXPECT_EQ(key_condition("p.x = :s"), "KeyConditionExpressions cannot have conditions on nested attributes");
    EXPECT_EQ(key_condition("size(p) = :n"), "KeyConditionExpressions cannot contain nested operations");
    EXPECT_EQ(
        key_condition("p = q"),
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
    );
    EXPECT_EQ(key_condition(":s = :n"), "Invalid condition in KeyConditionExpression: No key attribute specified");
    EXPECT_EQ(key_condition("p = :s AND p = :s"), "KeyConditionExpressions must only contain one condition per key");
    EXPECT_EQ(
        key_condition("p = :n"),
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    );
    EXPECT_EQ(
        key_condition("begins_with(:s, p)"),
        "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first "
        "operand"
    );
}

TEST(Placeholders, AreCheckedAndCounted) {
    const auto read = [](std::string_view names_json, std::string_view values_json) {
        const auto a =
            names_json.empty() ? boost::json::value() : boost::json::parse({names_json.data(), names_json.size()});
        const auto b =
            values_json.empty() ? boost::json::value() : boost::json::parse({values_json.data(), values_json.size()});
        const auto placeholders = Placeholders::read(&a, &b);
        return placeholders ? "good" : placeholders.error().message;
    };
    EXPECT_EQ(read("", ""), "good");
    EXPECT_EQ(read("{}", ""), "ExpressionAttributeNames must not be empty");
    EXPECT_EQ(read("", "{}"), "ExpressionAttributeValues must not be empty");
    EXPECT_EQ(read(R"({"a": "b"})", ""), R"(ExpressionAttributeNames contains invalid key: Syntax error; key: "a")");
    EXPECT_EQ(
        read("", R"({":": {"S": ""}})"), R"(ExpressionAttributeValues contains invalid key: Syntax error; key: ":")"
    );
    EXPECT_EQ(
        read("", R"({":a": {"N": "b"}})"),
        "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: b for "
        "key :a"
    );

    Placeholders placeholders = placeholders_of(R"({"#a": "a", "#x": "x"})", R"({":x": {"S": "x"}})");
    EXPECT_TRUE(parse_projection("#a", placeholders));
    EXPECT_EQ(
        placeholders.all_used().error().message,
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}"
    );
    EXPECT_TRUE(parse_condition("#x = #a", "FilterExpression", placeholders));
    EXPECT_EQ(
        placeholders.all_used().error().message,
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}"
    );
    EXPECT_TRUE(parse_update("SET b = :x", placeholders));
    EXPECT_TRUE(placeholders.all_used());
}

TEST(ReservedWords, InAnyCase) {
    EXPECT_TRUE(is_reserved_word("abort"));
    EXPECT_TRUE(is_reserved_word("Zone"));
    EXPECT_TRUE(is_reserved_word("TTL"));
    EXPECT_FALSE(is_reserved_word("pk"));
    EXPECT_FALSE(is_reserved_word(""));
    EXPECT_FALSE(is_reserved_word(std::string(5000, 'a')));
}

}  // namespace
}  // namespace cloudshelf::dynamodb
