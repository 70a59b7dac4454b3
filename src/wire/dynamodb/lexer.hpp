#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cloudshelf::dynamodb {

/// A piece of an expression. The text is a part of the expression's.
struct Token {
    enum class Kind : std::uint8_t { word, name, value, number, symbol, unknown, end };  // name: #x, value: :x
    Kind kind = Kind::end;
    std::string_view text;
};

/// All pieces, ended by one of kind `end`. What is no piece of an expression is one byte of kind `unknown`.
std::vector<Token> tokens_of(std::string_view expression);

/// Whether the word is that keyword (given in capitals), in any case of letters.
bool is_keyword(const Token& token, std::string_view keyword);

}  // namespace cloudshelf::dynamodb
