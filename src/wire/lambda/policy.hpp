#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <string>
#include <string_view>

/// Who else may use a function: kept and shown. Keys are what decides here; statements are for tools that expect them.
namespace cloudshelf::lambda {

struct Statement {
    std::string id;
    std::string json;  // as AddPermission answers it
};

/// The statement that AddPermission's body asks for, on a function's ARN. Errors: ValidationException,
/// SerializationException.
Result<Statement> read_statement(const boost::json::object& request, std::string_view arn);

/// A policy's document. `statements`: JSON by id.
std::string print_policy(const std::map<std::string, std::string>& statements);

}  // namespace cloudshelf::lambda
