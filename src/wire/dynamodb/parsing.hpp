#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/expression.hpp"
#include "wire/dynamodb/lexer.hpp"
#include "wire/dynamodb/placeholders.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the parsers of the four kinds of expressions share.
namespace cloudshelf::dynamodb {

/// What is wrong with an expression that can be read. DynamoDB tells one thing only, of the kind that comes first here,
/// and syntax before all of them.
enum class Complaint : std::uint8_t {
    redundant_parentheses,
    too_many_operators,
    unknown_function,
    misused_function,
    reserved_word,
    section,
    undefined,
    path_size,
    operand_count,
    distinct,
    overlap,
    conflict,
    operand,
    end_of_list,
};

/// A cursor over an expression's tokens. After a syntax error it stands at the end, accepts nothing more and creates
/// dummies, so that parsers need not look after each step.
class Parser {
public:
    Parser(std::string_view text, std::string_view parameter, Placeholders& placeholders);

    const Token& now() const { return tokens_[at_]; }
    const Token& next() const { return tokens_[at_ + (at_ + 1 < tokens_.size() ? 1 : 0)]; }
    bool at_symbol(std::string_view symbol) const { return now().kind == Token::Kind::symbol && now().text == symbol; }
    bool at_keyword(std::string_view keyword) const { return is_keyword(now(), keyword); }
    bool accept(std::string_view symbol);
    bool accept_keyword(std::string_view keyword);
    void expect(std::string_view symbol);
    void expect_keyword(std::string_view keyword);
    std::string_view take();
    /// The token that we stand at fits nowhere.
    void syntax_error();
    bool failed() const { return syntax_.has_value(); }

    /// a.b[1].#c
    Path path();
    /// :x; Null where it is not defined, which is complained about.
    AttributeValue value();

    void complain(Complaint kind, std::string message);
    /// One more comparator, AND, OR, NOT, BETWEEN, IN, + or -: an expression may have 300 of them.
    void count_operator();
    /// "Incorrect number of operands …" unless there are as many as wanted.
    bool check_count(std::string_view function, std::size_t operands, std::size_t wanted);

    /// Depth of parentheses and functions, which bounds our stack.
    class Level {
    public:
        explicit Level(Parser& parser);
        ~Level() { --parser_.level_; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;

    private:
        Parser& parser_;
    };

    /// Nothing may follow. The error that is to be told, if there is any.
    Result<void> finish();

private:
    std::string name();

    std::string_view parameter_;
    Placeholders& placeholders_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int level_ = 0;
    int operators_ = 0;
    std::optional<std::string> syntax_;
    std::array<std::optional<std::string>, static_cast<std::size_t>(Complaint::end_of_list)> complaints_;
};

/// "Invalid UpdateExpression: …"
Error invalid_expression(std::string_view parameter, std::string_view why);

/// Complains about the first two paths of which one begins with the other, or that take one value for both a list and a
/// map.
void check_overlap(Parser& parser, const std::vector<Path>& paths);

/// One test of a key attribute, from an expression or the older parameter.
struct KeyTest {
    std::string name;
    SortCondition test;
};

/// Sorts the tests into hash and sort key. Errors: ValidationException where they don't fit the schema.
Result<KeyCondition> key_condition_of(std::vector<KeyTest> tests, const KeySchema& schema);

}  // namespace cloudshelf::dynamodb
