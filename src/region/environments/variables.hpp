#pragma once

#include "region/environments/options.hpp"
#include "region/environments/runner.hpp"

#include <map>
#include <string>

namespace cloudshelf::functions {

/// Whether an environment was started for an invocation that waits, or to be ready.
enum class Reason { invocation, provisioned };

/// What differs from one environment of a function to the next.
struct Place {
    std::string id;
    std::string runtime_api;  // host:port
    std::filesystem::path temporary;
};

/// All variables of a function's process, by the names that Lambda gives them. The configuration's own come before the
/// host's defaults (PATH, TZ, …), but do not replace what says where and what the function is.
std::map<std::string, std::string> variables_of(
    const Runnable& code, const HostOptions& options, const Place& place, Reason reason
);

}  // namespace cloudshelf::functions
