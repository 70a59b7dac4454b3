#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cloudshelf::core {

/// What answers under a function's alias in one region.
struct DeployedFunction {
    std::string version;  // that the alias points to; empty: there is no such function or alias
    std::string code_sha256;
    std::string handler;
    std::string runtime;
    std::int64_t memory_mib = 0;
    std::int64_t timeout_seconds = 0;
    std::map<std::string, std::string> variables;
};

/// One thing in which two regions differ that should not. Values of variables are not told: they may be secrets.
struct FunctionDrift {
    std::string what;  // "code", "handler", "variable DB_NAME", …
    std::string primary;
    std::string standby;
    bool operator==(const FunctionDrift&) const = default;
};

/// Compares what runs, not how often it was deployed: versions are counted by each region for itself, so that one
/// deployment that failed in one region would make their numbers differ for ever. `regional`: variables whose values
/// may differ, but not be missing.
std::vector<FunctionDrift> function_drift(
    const DeployedFunction& primary, const DeployedFunction& standby, const std::set<std::string>& regional
);

using Variables = std::map<std::string, std::string>;

/// A function's variables after a deployment: what is wanted, in the place of what was there; what nobody speaks of
/// stays, for somebody else may have put it there.
Variables merged_variables(Variables present, const Variables& wanted);

}  // namespace cloudshelf::core
