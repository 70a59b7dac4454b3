#include "wire/dynamodb/condition_parser.hpp"

#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/parser.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::dynamodb {
namespace {

constexpr std::size_t in_max = 100;

constexpr std::array<std::pair<std::string_view, Comparator>, 6> comparators{{
    {"=", Comparator::eq},
    {"<>", Comparator::ne},
    {"<", Comparator::lt},
    {"<=", Comparator::le},
    {">", Comparator::gt},
    {">=", Comparator::ge},
}};

constexpr std::array<std::pair<std::string_view, std::size_t>, 6> functions{{
    {"attribute_exists", 1},
    {"attribute_not_exists", 1},
    {"attribute_type", 2},
    {"begins_with", 2},
    {"contains", 2},
    {"size", 1},
}};

/// The type an operand has whatever the item is; nothing for a path.
std::optional<Type> known_type(const Operand& operand) {
    if (const auto* value = std::get_if<AttributeValue>(&operand)) return value->type();
    if (std::holds_alternative<SizeOf>(operand)) return Type::N;
    return std::nullopt;
}

/// As DynamoDB writes a bound in its message.
std::string text_of(const AttributeValue& value) {
    const std::string json = to_json(value);  // {"S":"x"}
    const auto colon = json.find(':');
    std::string inside = json.substr(colon + 1, json.size() - colon - 2);
    if (inside.size() > 1 && inside.front() == '"') inside = inside.substr(1, inside.size() - 2);
    return fmt::format("AttributeValue: {{{}:{}}}", to_string(value.type()), inside);
}

}  // namespace

Condition ConditionParser::parse() {
    return condition(either());
}

Condition ConditionParser::condition(Node node) {
    if (node.condition) return std::move(*node.condition);
    if (std::holds_alternative<SizeOf>(node.operand) || node.function == "size") {
        parser_.complain(
            Complaint::misused_function,
            "The function is not allowed to be used this way in an expression; function: size"
        );
    } else {
        parser_.syntax_error();  // an operand, and nothing is asked of it
    }
    return {};
}

Operand ConditionParser::operand(Node node) {
    if (!node.condition) return std::move(node.operand);
    if (node.function.empty()) {
        parser_.syntax_error();
    } else {
        parser_.complain(
            Complaint::misused_function,
            fmt::format("The function is not allowed to be used this way in an expression; function: {}", node.function)
        );
    }
    return AttributeValue();
}

ConditionParser::Node ConditionParser::made(Condition condition) {
    Node node;
    node.condition = std::move(condition);
    return node;
}

ConditionParser::Node ConditionParser::either() {
    Node first = both();
    if (!parser_.at_keyword("OR")) return first;
    Or test;
    test.conditions.push_back(condition(std::move(first)));
    while (parser_.accept_keyword("OR")) {
        parser_.count_operator();
        test.conditions.push_back(condition(both()));
    }
    return made({std::move(test)});
}

ConditionParser::Node ConditionParser::both() {
    Node first = negation();
    if (!parser_.at_keyword("AND")) return first;
    And test;
    test.conditions.push_back(condition(std::move(first)));
    while (parser_.accept_keyword("AND")) {
        parser_.count_operator();
        test.conditions.push_back(condition(negation()));
    }
    return made({std::move(test)});
}

ConditionParser::Node ConditionParser::negation() {
    if (!parser_.accept_keyword("NOT")) return test();
    parser_.count_operator();
    const Parser::Level level(parser_);
    return made({Not{std::make_unique<Condition>(condition(negation()))}});
}

ConditionParser::Node ConditionParser::test() {
    Node left = primary();
    if (parser_.accept_keyword("BETWEEN")) return between(std::move(left));
    if (parser_.accept_keyword("IN")) return in(std::move(left));
    for (const auto& [symbol, comparator] : comparators) {
        if (parser_.at_symbol(symbol)) return compare(comparator, symbol, std::move(left));
    }
    return left;
}

ConditionParser::Node ConditionParser::primary() {
    Node node;
    if (parser_.at_symbol("(")) return parentheses();
    if (parser_.now().kind == Token::Kind::value) {
        node.operand = parser_.value();
        return node;
    }
    for (const std::string_view keyword : {"AND", "OR", "NOT", "BETWEEN", "IN"}) {
        if (parser_.at_keyword(keyword)) parser_.syntax_error();
    }
    if (parser_.now().kind == Token::Kind::word && parser_.next().text == "(") return function(parser_.take());
    node.operand = parser_.path();
    return node;
}

ConditionParser::Node ConditionParser::parentheses() {
    const Parser::Level level(parser_);
    parser_.expect("(");
    Node node = either();
    parser_.expect(")");
    if (node.in_parentheses) {
        parser_.complain(Complaint::redundant_parentheses, "The expression has redundant parentheses;");
    }
    node.in_parentheses = true;
    return node;
}

std::vector<Operand> ConditionParser::operands() {
    std::vector<Operand> all;
    parser_.expect("(");
    do all.push_back(operand(primary()));
    while (parser_.accept(","));
    parser_.expect(")");
    return all;
}

ConditionParser::Node ConditionParser::compare(Comparator comparator, std::string_view symbol, Node left) {
    parser_.count_operator();
    if (left.condition && left.function.empty()) parser_.syntax_error();  // (a = b) = c
    parser_.take();
    Compare test{.comparator = comparator, .left = operand(std::move(left)), .right = operand(primary())};
    check_distinct(symbol, test.left, test.right);
    if (comparator != Comparator::eq && comparator != Comparator::ne) {
        for (const Operand* each : {&test.left, &test.right}) check_types(symbol, {*each}, {Type::S, Type::N, Type::B});
    }
    return made({std::move(test)});
}

ConditionParser::Node ConditionParser::between(Node value) {
    parser_.count_operator();
    Between test{.value = operand(std::move(value)), .low = operand(primary())};
    parser_.expect_keyword("AND");
    test.high = operand(primary());
    check_types("BETWEEN", {test.value, test.low, test.high}, {Type::S, Type::N, Type::B});
    const auto* low = std::get_if<AttributeValue>(&test.low);
    const auto* high = std::get_if<AttributeValue>(&test.high);
    if (low && high) {
        const auto complain = [&](std::string_view what) {
            parser_.complain(
                Complaint::operand,
                fmt::format(
                    "The BETWEEN operator requires {}; lower bound operand: {}, upper bound operand: {}",
                    what,
                    text_of(*low),
                    text_of(*high)
                )
            );
        };
        if (low->type() != high->type()) {
            complain("same data type for lower and upper bounds");
        } else if (const auto order = dynamodb::compare(*low, *high); order && *order > 0) {
            complain("upper bound to be greater than or equal to lower bound");
        }
    }
    return made({std::move(test)});
}

ConditionParser::Node ConditionParser::in(Node value) {
    parser_.count_operator();
    In test{.value = operand(std::move(value)), .list = operands()};
    if (test.list.size() > in_max) {
        parser_.complain(
            Complaint::operand,
            fmt::format("The IN operator is provided with too many operands; number of operands: {}", test.list.size())
        );
    }
    return made({std::move(test)});
}

ConditionParser::Node ConditionParser::function(std::string_view name) {
    const Parser::Level level(parser_);
    std::vector<Operand> arguments = operands();
    Node node;
    node.function = name;
    const auto known = std::ranges::find(functions, name, [](const auto& each) { return each.first; });
    if (known == functions.end()) {
        const bool of_updates = name == "if_not_exists" || name == "list_append";
        const auto* what =
            of_updates ? "The function is not allowed in a condition expression" : "Invalid function name";
        parser_.complain(Complaint::unknown_function, fmt::format("{}; function: {}", what, name));
        node.condition = Condition{};
        return node;
    }
    if (!parser_.check_count(name, arguments.size(), known->second)) {
        if (name != "size") node.condition = Condition{};
        return node;
    }

    if (name == "size") {
        check_types(name, arguments, {Type::S, Type::B, Type::SS, Type::NS, Type::BS, Type::M, Type::L});
        if (const auto* value = std::get_if<AttributeValue>(&arguments[0])) {
            node.operand = Number(static_cast<std::int64_t>(measure(*value).value_or(0)));
        } else if (auto* path = std::get_if<Path>(&arguments[0])) {
            node.operand = SizeOf{std::move(*path)};
        }
        return node;
    }
    if (name == "begins_with") {
        check_distinct(name, arguments[0], arguments[1]);
        check_types(name, arguments, {Type::S, Type::B});
        node.condition = {BeginsWith{std::move(arguments[0]), std::move(arguments[1])}};
        return node;
    }
    if (name == "contains") {
        check_distinct(name, arguments[0], arguments[1]);
        node.condition = {Contains{std::move(arguments[0]), std::move(arguments[1])}};
        return node;
    }
    const Path* path = check_path(name, arguments[0]);
    if (name != "attribute_type") {
        node.condition = {Exists{.path = path ? *path : Path{}, .wanted = name == "attribute_exists"}};
        return node;
    }
    HasType test{.path = path ? *path : Path{}};
    const auto* value = std::get_if<AttributeValue>(&arguments[1]);
    const auto* wanted = value ? value->get<std::string>() : nullptr;
    if (!wanted) {
        parser_.complain(
            Complaint::operand,
            fmt::format(
                "Incorrect operand type for operator or function; operator or function: {}, operand type: {}",
                name,
                value ? to_string(value->type()) : "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
            )
        );
    } else if (const auto type = type_named(*wanted)) {
        test.type = *type;
    } else {
        parser_.complain(
            Complaint::operand,
            fmt::format(
                "Invalid attribute type name found; type: {}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}", *wanted
            )
        );
    }
    node.condition = {std::move(test)};
    return node;
}

void ConditionParser::check_types(
    std::string_view function, const std::vector<Operand>& operands, std::initializer_list<Type> allowed
) {
    for (const Operand& each : operands) {
        const auto type = known_type(each);
        if (!type || std::ranges::find(allowed, *type) != allowed.end()) continue;
        parser_.complain(
            Complaint::operand,
            fmt::format(
                "Incorrect operand type for operator or function; operator or function: {}, operand type: {}",
                function,
                to_string(*type)
            )
        );
    }
}

void ConditionParser::check_distinct(std::string_view function, const Operand& left, const Operand& right) {
    const auto* one = std::get_if<Path>(&left);
    const auto* two = std::get_if<Path>(&right);
    if (!one || !two || *one != *two) return;
    parser_.complain(
        Complaint::distinct,
        fmt::format(
            "The first operand must be distinct from the remaining operands for this operator or function; operator: "
            "{}, "
            "first operand: {}",
            function,
            to_string(*one)
        )
    );
}

const Path* ConditionParser::check_path(std::string_view function, const Operand& operand) {
    const auto* path = std::get_if<Path>(&operand);
    if (!path) {
        parser_.complain(
            Complaint::operand,
            fmt::format("Operator or function requires a document path; operator or function: {}", function)
        );
    }
    return path;
}

Result<Condition> parse_condition(std::string_view text, std::string_view parameter, Placeholders& placeholders) {
    Parser parser(text, parameter, placeholders);
    Condition condition = ConditionParser(parser).parse();
    if (auto finished = parser.finish(); !finished) return fail(std::move(finished.error()));
    return condition;
}

}  // namespace cloudshelf::dynamodb
