#include "wire/lambda/policy.hpp"

#include "wire/lambda/errors.hpp"
#include "wire/lambda/fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace cloudshelf::lambda {
namespace {

bool is_statement_id(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    });
}

bool is_account(std::string_view text) {
    return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// A service, an account or everybody, as policies name them.
boost::json::value principal_of(const std::string& text) {
    if (text == "*") return "*";
    if (text.ends_with(".amazonaws.com")) return boost::json::object{{"Service", text}};
    return boost::json::object{{"AWS", is_account(text) ? "arn:aws:iam::" + text + ":root" : text}};
}

boost::json::object conditions_of(Fields& fields) {
    boost::json::object conditions;
    if (const auto account = fields.text("SourceAccount", 12))
        conditions["StringEquals"] = boost::json::object{{"AWS:SourceAccount", *account}};
    if (const auto arn = fields.text("SourceArn", 2048))
        conditions["ArnLike"] = boost::json::object{{"AWS:SourceArn", *arn}};
    return conditions;
}

}  // namespace

Result<Statement> read_statement(const boost::json::object& request, std::string_view arn) {
    Fields fields(request);
    const auto id = fields.need_text("StatementId", 100);
    const auto action = fields.need_text("Action", 128);
    const auto principal = fields.need_text("Principal", 1024);
    auto conditions = conditions_of(fields);
    if (auto read = fields.done(); !read) return fail(read.error());
    if (!is_statement_id(id)) {
        return fail(
            errors::validation(id, "StatementId", "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
        );
    }
    if (action != "*" && !action.starts_with("lambda:")) {
        return fail(errors::validation(
            action, "Action", "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])"
        ));
    }
    boost::json::object statement{
        {"Sid", id},
        {"Effect", "Allow"},
        {"Principal", principal_of(principal)},
        {"Action", action},
        {"Resource", arn},
    };
    if (!conditions.empty()) statement["Condition"] = std::move(conditions);
    return Statement{.id = id, .json = boost::json::serialize(statement)};
}

std::string print_policy(const std::map<std::string, std::string>& statements) {
    boost::json::array all;
    for (const auto& [id, json] : statements) all.push_back(boost::json::parse(json));
    return boost::json::serialize(
        boost::json::object{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", std::move(all)}}
    );
}

}  // namespace cloudshelf::lambda
