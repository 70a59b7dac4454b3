#include "wire/lambda/arn.hpp"

#include "wire/lambda/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <vector>

namespace cloudshelf::lambda {
namespace {

constexpr std::size_t name_length_max = 64;
constexpr std::size_t qualifier_length_max = 128;
constexpr std::string_view pattern =
    "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-"
    "[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool is_account(std::string_view text) {
    return text.size() == 12 && std::ranges::all_of(text, is_digit);
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    for (const auto part : text | std::views::split(':')) parts.emplace_back(part.begin(), part.end());
    return parts;
}

}  // namespace

bool is_function_name(std::string_view text) {
    return !text.empty() && text.size() <= name_length_max && std::ranges::all_of(text, is_word);
}

bool is_version_number(std::string_view text) {
    return !text.empty() && text.size() <= 18 && std::ranges::all_of(text, is_digit);
}

bool is_alias_name(std::string_view text) {
    return !text.empty() && text.size() <= qualifier_length_max && std::ranges::all_of(text, is_word) &&
           !std::ranges::all_of(text, is_digit);
}

bool is_qualifier(std::string_view text) {
    return text == latest || is_version_number(text) || is_alias_name(text);
}

Result<Reference> read_reference(std::string_view text) {
    Reference read;
    auto parts = split(text);
    const auto refused = fail(errors::validation(text, "FunctionName", pattern));
    if (parts.empty()) return refused;
    if (parts[0] == "arn") {
        if (parts.size() < 7 || !parts[1].starts_with("aws") || parts[2] != "lambda" || !is_account(parts[4]))
            return refused;
        read.region = parts[3];
        parts.erase(parts.begin(), parts.begin() + 4);
    }
    if (parts.size() >= 2 && is_account(parts[0])) {
        if (parts[1] != "function") return refused;
        read.account = parts[0];
        parts.erase(parts.begin(), parts.begin() + 1);
    }
    if (parts.size() >= 2 && parts[0] == "function") parts.erase(parts.begin());
    if (parts.size() > 2 || !is_function_name(parts[0])) return refused;
    read.name = parts[0];
    if (parts.size() == 2) {
        if (!is_qualifier(parts[1])) return refused;
        read.qualifier = parts[1];
    }
    return read;
}

std::string function_arn(std::string_view region, std::string_view name, std::string_view qualifier) {
    auto arn = fmt::format("arn:aws:lambda:{}:{}:function:{}", region, account_id, name);
    if (!qualifier.empty()) arn.append(":").append(qualifier);
    return arn;
}

}  // namespace cloudshelf::lambda
