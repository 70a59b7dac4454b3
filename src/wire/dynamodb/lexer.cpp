#include "wire/dynamodb/lexer.hpp"

#include <algorithm>

namespace cloudshelf::dynamodb {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_part_of_name(char c) {
    return is_letter(c) || is_digit(c) || c == '_';
}
bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::size_t count_while(std::string_view text, bool (*belongs)(char)) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, belongs) - text.begin());
}

std::size_t symbol_at(std::string_view text) {  // how long
    for (const std::string_view two : {"<>", "<=", ">="}) {
        if (text.starts_with(two)) return 2;
    }
    return std::string_view("=<>()[],.+-").contains(text[0]) ? 1 : 0;
}

Token first_of(std::string_view text) {
    using enum Token::Kind;
    if (is_letter(text[0])) return {word, text.substr(0, count_while(text, is_part_of_name))};
    if (is_digit(text[0])) return {number, text.substr(0, count_while(text, is_digit))};
    if (text[0] == '#' || text[0] == ':') {
        const std::size_t size = 1 + count_while(text.substr(1), is_part_of_name);
        return {size == 1 ? unknown : text[0] == '#' ? name : value, text.substr(0, size)};
    }
    if (const std::size_t size = symbol_at(text); size > 0) return {symbol, text.substr(0, size)};
    return {unknown, text.substr(0, 1)};
}

}  // namespace

std::vector<Token> tokens_of(std::string_view expression) {
    std::vector<Token> tokens;
    tokens.reserve(expression.size() / 3 + 2);
    for (;;) {
        expression.remove_prefix(count_while(expression, is_blank));
        if (expression.empty()) break;
        tokens.push_back(first_of(expression));
        expression.remove_prefix(tokens.back().text.size());
    }
    tokens.push_back({Token::Kind::end, expression});
    return tokens;
}

bool is_keyword(const Token& token, std::string_view keyword) {
    return token.kind == Token::Kind::word && std::ranges::equal(token.text, keyword, [](char a, char b) {
               return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b;
           });
}

}  // namespace cloudshelf::dynamodb
