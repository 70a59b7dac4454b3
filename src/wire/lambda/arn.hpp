#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

/// How functions are named in requests and answers.
namespace cloudshelf::lambda {

/// Whose functions ours are.
inline constexpr std::string_view account_id = "000000000000";
inline constexpr std::string_view latest = "$LATEST";

/// A function as a request names it: "carts", "carts:live", "000000000000:function:carts" or a whole ARN.
struct Reference {
    std::string region;   // of an ARN, else empty
    std::string account;  // of an ARN or a partial one, else empty
    std::string name;
    std::string qualifier;  // "$LATEST", a version's number, an alias' name, or empty
};

/// Errors: ValidationException.
Result<Reference> read_reference(std::string_view text);

/// "arn:aws:lambda:us-east-1:000000000000:function:carts", and ":live" where there is a qualifier.
std::string function_arn(std::string_view region, std::string_view name, std::string_view qualifier = {});

/// Letters, digits, "-" and "_", 1 to 64 of them.
bool is_function_name(std::string_view text);
/// Digits alone.
bool is_version_number(std::string_view text);
/// As a function's name but up to 128, and not digits alone.
bool is_alias_name(std::string_view text);
/// What may follow a function's name.
bool is_qualifier(std::string_view text);

}  // namespace cloudshelf::lambda
