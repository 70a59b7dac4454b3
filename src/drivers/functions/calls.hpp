#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

/// What is asked of functions, as values (Lambda API, version 2015-03-31).
namespace cloudshelf::functions_client {

/// What a function is run with. Names are the API's.
struct Configuration {
    std::string handler = "bootstrap";
    std::string runtime = "provided.al2023";
    std::string role;
    std::string description;
    std::int64_t memory_mib = 128;
    std::int64_t timeout_seconds = 3;
    std::map<std::string, std::string> variables;
    bool operator==(const Configuration&) const = default;
};

/// A function, or one of its versions, as it is.
struct FunctionInfo {
    std::string arn;
    std::string version;      // "$LATEST" or "1", …
    std::string code_sha256;  // as `code_sha256` makes it
    std::string revision;
    std::string state;        // "Active", "Pending", …
    std::string last_update;  // "Successful", "InProgress", "Failed"
    std::string reason;       // why it is not active, or the update failed
    Configuration configuration;
};

struct AliasInfo {
    std::string name;
    std::string version;
    std::map<std::string, double> weights;  // of other versions
    std::string revision;
};

struct Invoked {
    int status = 200;
    std::string function_error;  // "Unhandled" and the like; empty: the function itself answered
    std::string payload;
    std::string executed_version;
    std::string log;  // the last 4 KiB
};

struct Provisioned {
    std::int64_t requested = 0;
    std::int64_t available = 0;
    std::string status;  // "READY", "IN_PROGRESS", "FAILED"
    std::string reason;
};

/// Base64 of the SHA-256 of a package (Lambda API, FunctionConfiguration, CodeSha256).
std::string code_sha256(std::string_view zip);

/// The members of a request that are configuration.
boost::json::object members_of(const Configuration& configuration);
FunctionInfo info_of(const boost::json::object& answer);
AliasInfo alias_of(const boost::json::object& answer);

}  // namespace cloudshelf::functions_client
