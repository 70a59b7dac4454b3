#include "wire/dynamodb/parsing.hpp"

#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/reserved_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cloudshelf::dynamodb {
namespace {

constexpr std::size_t path_steps_max = 32;
constexpr int level_max = 400;  // more than an expression of 300 operators needs, and little for our stack
constexpr int operators_max = 300;

}  // namespace

Error invalid_expression(std::string_view parameter, std::string_view why) {
    return errors::validation(fmt::format("Invalid {}: {}", parameter, why));
}

Parser::Parser(std::string_view text, std::string_view parameter, Placeholders& placeholders)
    : parameter_(parameter), placeholders_(placeholders) {
    if (text.size() > expression_bytes_max) {
        syntax_ =
            fmt::format("Expression size has exceeded the maximum allowed size; expression size: {}", text.size());
        text = {};
    }
    tokens_ = tokens_of(text);
    if (tokens_.size() == 1 && !syntax_) syntax_ = "The expression can not be empty;";
}

bool Parser::accept(std::string_view symbol) {
    if (!at_symbol(symbol)) return false;
    ++at_;
    return true;
}

bool Parser::accept_keyword(std::string_view keyword) {
    if (!at_keyword(keyword)) return false;
    ++at_;
    return true;
}

void Parser::expect(std::string_view symbol) {
    if (!accept(symbol)) syntax_error();
}

void Parser::expect_keyword(std::string_view keyword) {
    if (!accept_keyword(keyword)) syntax_error();
}

std::string_view Parser::take() {
    const std::string_view text = now().text;
    if (now().kind != Token::Kind::end) ++at_;
    return text;
}

void Parser::syntax_error() {
    if (syntax_) return;
    // `near` reaches from the token before to the one behind, with what stands between them in the text.
    const char* from = tokens_[at_ > 0 ? at_ - 1 : 0].text.data();
    const Token& last = next().kind == Token::Kind::end && at_ > 0 && now().kind == Token::Kind::end ? tokens_[at_ - 1]
                        : next().kind == Token::Kind::end                                            ? now()
                                                                                                     : next();
    const std::string_view near(from, static_cast<std::size_t>(last.text.data() + last.text.size() - from));
    const std::string_view token = now().kind == Token::Kind::end ? "<EOF>" : now().text;
    syntax_ = fmt::format("Syntax error; token: \"{}\", near: \"{}\"", token, near);
    at_ = tokens_.size() - 1;
}

std::string Parser::name() {
    if (now().kind == Token::Kind::name) {
        const std::string_view placeholder = take();
        if (const std::string* meant = placeholders_.name(placeholder)) return *meant;
        complain(
            Complaint::undefined,
            fmt::format(
                "An expression attribute name used in the document path is not defined; attribute name: {}", placeholder
            )
        );
        return std::string(placeholder);
    }
    if (now().kind != Token::Kind::word) {
        syntax_error();
        return {};
    }
    const std::string_view word = take();
    if (is_reserved_word(word)) {
        complain(
            Complaint::reserved_word, fmt::format("Attribute name is a reserved keyword; reserved keyword: {}", word)
        );
    }
    return std::string(word);
}

Path Parser::path() {
    Path path;
    path.emplace_back(name());
    while (!failed()) {
        if (accept(".")) {
            path.emplace_back(name());
        } else if (accept("[")) {
            if (now().kind != Token::Kind::number) {
                syntax_error();
                break;
            }
            const std::string_view digits = take();
            std::uint32_t index = 0;
            const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), index);
            if (read.ec != std::errc()) {
                complain(
                    Complaint::path_size,
                    fmt::format("List index is not within the allowable range; index: [{}]", digits)
                );
            }
            path.emplace_back(index);
            expect("]");
        } else {
            break;
        }
    }
    if (path.size() > path_steps_max) {
        complain(
            Complaint::path_size,
            fmt::format("The document path has too many nesting elements; nesting levels: {}", path.size())
        );
    }
    return path;
}

AttributeValue Parser::value() {
    if (now().kind != Token::Kind::value) {
        syntax_error();
        return {};
    }
    const std::string_view placeholder = take();
    if (const AttributeValue* meant = placeholders_.value(placeholder)) return *meant;
    complain(
        Complaint::undefined,
        fmt::format("An expression attribute value used in expression is not defined; attribute value: {}", placeholder)
    );
    return {};
}

void Parser::complain(Complaint kind, std::string message) {
    auto& first = complaints_[static_cast<std::size_t>(kind)];
    if (!first) first = std::move(message);
}

void Parser::count_operator() {
    if (++operators_ != operators_max + 1) return;
    complain(
        Complaint::too_many_operators,
        fmt::format("The expression contains too many operators; operator count: {}", operators_)
    );
}

bool Parser::check_count(std::string_view function, std::size_t operands, std::size_t wanted) {
    if (operands == wanted) return true;
    complain(
        Complaint::operand_count,
        fmt::format(
            "Incorrect number of operands for operator or function; operator or function: {}, number of operands: {}",
            function,
            operands
        )
    );
    return false;
}

Parser::Level::Level(Parser& parser) : parser_(parser) {
    if (++parser_.level_ > level_max && !parser_.failed()) {
        parser_.syntax_ = "The expression is nested too deep;";
        parser_.at_ = parser_.tokens_.size() - 1;
    }
}

Result<void> Parser::finish() {
    if (now().kind != Token::Kind::end) syntax_error();
    if (syntax_) return fail(invalid_expression(parameter_, *syntax_));
    for (const auto& complaint : complaints_) {
        if (complaint) return fail(invalid_expression(parameter_, *complaint));
    }
    return {};
}

void check_overlap(Parser& parser, const std::vector<Path>& paths) {
    const auto complain = [&](Complaint kind, std::string_view what, const Path& one, const Path& two) {
        parser.complain(
            kind,
            fmt::format(
                "Two document paths {} with each other; must remove or rewrite one of these paths; path one: {}, path "
                "two: "
                "{}",
                what,
                to_string(one),
                to_string(two)
            )
        );
    };
    for (std::size_t second = 1; second < paths.size(); ++second) {
        for (std::size_t first = 0; first < second; ++first) {
            const Path& one = paths[first];
            const Path& two = paths[second];
            const auto [a, b] = std::ranges::mismatch(one, two);
            if (a == one.end() || b == two.end()) {
                complain(Complaint::overlap, "overlap", one, two);
            } else if (a->index() != b->index()) {
                complain(Complaint::conflict, "conflict", one, two);
            }
        }
    }
}

Result<KeyCondition> key_condition_of(std::vector<KeyTest> tests, const KeySchema& schema) {
    if (tests.empty() || tests.size() > 2) return fail(errors::validation("Conditions can be of length 1 or 2 only"));
    const auto missed = [](const KeyAttribute& key) {
        return fail(errors::validation(fmt::format("Query condition missed key schema element: {}", key.name)));
    };
    const auto not_supported = [] { return fail(errors::validation("Query key condition not supported")); };

    const auto hash = std::ranges::find(tests, schema.hash.name, &KeyTest::name);
    if (hash == tests.end()) return missed(schema.hash);
    if (hash->test.kind != SortCondition::Kind::eq) return not_supported();
    const KeyTest* sort = nullptr;
    if (tests.size() == 2) {
        sort = hash == tests.begin() ? &tests[1] : &tests[0];
        if (!schema.sort) return not_supported();
        if (sort->name != schema.sort->name) return missed(*schema.sort);
    }

    const auto check = [&](const AttributeValue* sort_value) -> Result<void> {
        if (!hash->test.value.is(schema.hash.type) || (sort_value && !sort_value->is(schema.sort->type))) {
            return fail(errors::invalid_parameter("Condition parameter type does not match schema type"));
        }
        Map key;
        key.set(schema.hash.name, hash->test.value);
        if (!sort_value) return check_item_key(key, {.hash = schema.hash});
        key.set(schema.sort->name, *sort_value);
        return check_item_key(key, schema);
    };
    if (auto checked = check(sort ? &sort->test.value : nullptr); !checked) return fail(std::move(checked.error()));
    if (!sort) return KeyCondition{.hash = std::move(hash->test.value)};
    if (sort->test.kind == SortCondition::Kind::between) {
        if (auto checked = check(&sort->test.high); !checked) return fail(std::move(checked.error()));
    }
    return KeyCondition{.hash = std::move(hash->test.value), .sort = sort->test};
}

}  // namespace cloudshelf::dynamodb
