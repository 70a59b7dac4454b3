#pragma once

#include "region/functions/function.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace cloudshelf::functions {

/// Whether a new package or configuration for a version is on its way.
enum class Update : bool { done, in_progress };

/// A version as the API tells it: FunctionConfiguration. `arn`: as it was asked for.
boost::json::object describe(const Function& function, const Version& version, const std::string& arn, Update update);

/// CodeSha256: the digest as base64.
std::string code_sha256(const Code& code);

}  // namespace cloudshelf::functions
