#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What a function is run with.
namespace cloudshelf::lambda {

struct Configuration {
    std::string description;
    std::string handler;
    std::string runtime;
    std::string role;
    std::int64_t timeout_seconds = 3;
    std::int64_t memory_mib = 128;
    std::int64_t ephemeral_mib = 512;
    std::optional<std::map<std::string, std::string>> variables;  // nothing: none were ever given
    std::string dead_letter_target;                               // an ARN, or empty
    std::string tracing_mode = "PassThrough";
    bool operator==(const Configuration&) const = default;
};

/// The members of CreateFunction that are configuration. Errors: ValidationException, InvalidParameterValueException
/// (what is not supported here is among them), SerializationException.
Result<Configuration> read_configuration(const boost::json::object& request);

/// What UpdateFunctionConfiguration asks to be changed; Environment.Variables replaces all that were there.
/// Errors: as read_configuration.
Result<Configuration> change_configuration(Configuration from, const boost::json::object& request);

/// The members of a FunctionConfiguration that come from here. What was read is read from it again as the same.
void print(const Configuration& configuration, boost::json::object& to);

/// Whether a function may be built for this architecture here: an error says which one it is. `architectures`: the
/// request's member, which may be missing. Errors: InvalidParameterValueException.
Result<void> check_architectures(const boost::json::object& request, std::string_view of_host);

}  // namespace cloudshelf::lambda
