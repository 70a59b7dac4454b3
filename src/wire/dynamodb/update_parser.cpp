#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/parsing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace cloudshelf::dynamodb {
namespace {

constexpr std::array<std::string_view, 4> sections{"SET", "REMOVE", "ADD", "DELETE"};
constexpr std::array<std::string_view, 6> condition_functions{
    "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"
};

/// As ADD and DELETE name types in their messages.
std::string_view long_name(Type type) {
    switch (type) {
        case Type::S:
            return "STRING";
        case Type::N:
            return "NUMBER";
        case Type::B:
            return "BINARY";
        case Type::M:
            return "MAP";
        case Type::L:
            return "LIST";
        case Type::BOOL:
            return "BOOLEAN";
        case Type::NUL:
            return "NULL";
        default:
            return "SET";
    }
}

/// update := (SET path = sum, … | REMOVE path, … | ADD path :value, … | DELETE path :value, …)+
/// sum    := term [+ term | - term]        term := path | :value | function(term, term) | ( sum )
class UpdateParser {
public:
    explicit UpdateParser(Parser& parser) : parser_(parser) {}

    Update parse() {
        do section();
        while (!parser_.failed() && parser_.now().kind != Token::Kind::end);
        std::vector<Path> paths;
        for (const Action& action : update_.actions) paths.push_back(path_of(action));
        if (!parser_.failed()) check_overlap(parser_, paths);
        return std::move(update_);
    }

private:
    void section() {
        const auto keyword = std::ranges::find_if(sections, [&](auto each) { return parser_.at_keyword(each); });
        if (keyword == sections.end()) return parser_.syntax_error();
        if (std::exchange(seen_[static_cast<std::size_t>(keyword - sections.begin())], true)) {
            parser_.complain(
                Complaint::section,
                fmt::format("The \"{}\" section can only be used once in an update expression;", *keyword)
            );
        }
        parser_.take();
        do action(*keyword);
        while (parser_.accept(","));
    }

    void action(std::string_view keyword) {
        if (std::ranges::any_of(sections, [&](auto each) { return parser_.at_keyword(each); })) parser_.syntax_error();
        Path path = parser_.path();
        if (keyword == "SET") {
            parser_.expect("=");
            Term term = sum();
            update_.actions.emplace_back(Set{std::move(path), std::move(term)});
        } else if (keyword == "REMOVE") {
            update_.actions.emplace_back(Remove{std::move(path)});
        } else {
            AttributeValue value = parser_.value();
            const Type type = value.type();
            const bool is_set = type == Type::SS || type == Type::NS || type == Type::BS;
            if (!is_set && !(keyword == "ADD" && type == Type::N)) {
                parser_.complain(
                    Complaint::operand,
                    fmt::format(
                        "Incorrect operand type for operator or function; operator: {}, operand type: {}",
                        keyword,
                        long_name(type)
                    )
                );
            }
            if (keyword == "ADD") {
                update_.actions.emplace_back(Add{std::move(path), std::move(value)});
            } else {
                update_.actions.emplace_back(Delete{std::move(path), std::move(value)});
            }
        }
    }

    Term sum() {
        Term left = term();
        const bool plus = parser_.at_symbol("+");
        if (!plus && !parser_.at_symbol("-")) return left;
        parser_.count_operator();
        const std::string_view sign = parser_.take();
        Term right = term();
        for (const Term* each : {&left, &right}) check_type(sign, *each, Type::N);
        return operation(plus ? Operation::Kind::plus : Operation::Kind::minus, std::move(left), std::move(right));
    }

    Term term() {
        const Parser::Level level(parser_);
        if (parser_.accept("(")) {
            Term inside = sum();
            parser_.expect(")");
            return inside;
        }
        if (parser_.now().kind == Token::Kind::value) return parser_.value();
        if (parser_.now().kind == Token::Kind::word && parser_.next().text == "(") return function(parser_.take());
        return parser_.path();
    }

    Term function(std::string_view name) {
        std::vector<Term> terms;
        parser_.expect("(");
        do terms.push_back(term());
        while (parser_.accept(","));
        parser_.expect(")");
        const bool append = name == "list_append";
        if (!append && name != "if_not_exists") {
            const bool of_conditions = std::ranges::find(condition_functions, name) != condition_functions.end();
            const auto* what =
                of_conditions ? "The function is not allowed in an update expression" : "Invalid function name";
            parser_.complain(Complaint::unknown_function, fmt::format("{}; function: {}", what, name));
            return {};
        }
        if (!parser_.check_count(name, terms.size(), 2)) return {};
        if (append) {
            for (const Term& each : terms) check_type(name, each, Type::L);
        } else if (!std::holds_alternative<Path>(terms[0])) {
            parser_.complain(
                Complaint::operand,
                fmt::format("Operator or function requires a document path; operator or function: {}", name)
            );
        }
        const auto kind = append ? Operation::Kind::list_append : Operation::Kind::if_not_exists;
        return operation(kind, std::move(terms[0]), std::move(terms[1]));
    }

    static Term operation(Operation::Kind kind, Term left, Term right) {
        return std::make_unique<Operation>(Operation{.kind = kind, .left = std::move(left), .right = std::move(right)});
    }

    void check_type(std::string_view function, const Term& term, Type wanted) {
        const auto* value = std::get_if<AttributeValue>(&term);
        if (!value || value->is(wanted)) return;
        parser_.complain(
            Complaint::operand,
            fmt::format(
                "Incorrect operand type for operator or function; operator or function: {}, operand type: {}",
                function,
                to_string(value->type())
            )
        );
    }

    Parser& parser_;
    Update update_;
    std::array<bool, sections.size()> seen_{};
};

}  // namespace

Result<Update> parse_update(std::string_view text, Placeholders& placeholders) {
    Parser parser(text, "UpdateExpression", placeholders);
    Update update = UpdateParser(parser).parse();
    if (auto finished = parser.finish(); !finished) return fail(std::move(finished.error()));
    return update;
}

Result<Projection> parse_projection(std::string_view text, Placeholders& placeholders) {
    Parser parser(text, "ProjectionExpression", placeholders);
    Projection projection;
    do projection.paths.push_back(parser.path());
    while (parser.accept(","));
    if (!parser.failed()) check_overlap(parser, projection.paths);
    if (auto finished = parser.finish(); !finished) return fail(std::move(finished.error()));
    return projection;
}

}  // namespace cloudshelf::dynamodb
