#pragma once

#include "wire/dynamodb/parsing.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::dynamodb {

/// Recursive descent over
///   either    := both (OR both)*            both := negation (AND negation)*       negation := NOT negation | test
///   test      := operand [comparator operand | BETWEEN operand AND operand | IN ( operand, … )]
///   operand   := path | :value | function( operand, … ) | ( either )
/// A parenthesis may hold a condition or an operand, which is known only when its end is reached: hence Node.
class ConditionParser {
public:
    explicit ConditionParser(Parser& parser) : parser_(parser) {}
    Condition parse();

private:
    /// A condition, or else an operand.
    struct Node {
        std::optional<Condition> condition;
        Operand operand;
        std::string_view function;  // that made it, alone; nothing for size of a path, which is an operand
        bool in_parentheses = false;
    };

    Node either();
    Node both();
    Node negation();
    Node test();
    Node primary();
    Node parentheses();
    Node function(std::string_view name);

    Condition condition(Node node);
    Operand operand(Node node);
    std::vector<Operand> operands();  // up to the closing parenthesis

    Node compare(Comparator comparator, std::string_view symbol, Node left);
    Node between(Node value);
    Node in(Node value);
    Node made(Condition condition);

    void check_types(
        std::string_view function, const std::vector<Operand>& operands, std::initializer_list<Type> allowed
    );
    void check_distinct(std::string_view function, const Operand& left, const Operand& right);
    const Path* check_path(std::string_view function, const Operand& operand);

    Parser& parser_;
};

}  // namespace cloudshelf::dynamodb
