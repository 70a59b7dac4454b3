#include "core/function_drift.hpp"

#include <utility>

namespace cloudshelf::core {

namespace {

std::string presence(const Variables& variables, const std::string& name) {
    return variables.contains(name) ? "set" : "not set";
}

void compare_variables(
    const Variables& primary,
    const Variables& standby,
    const std::set<std::string>& regional,
    std::vector<FunctionDrift>& drift
) {
    auto names = primary;
    names.insert(standby.begin(), standby.end());
    for (const auto& [name, value] : names) {
        const auto here = primary.find(name);
        const auto there = standby.find(name);
        const bool both = here != primary.end() && there != standby.end();
        if (both && (regional.contains(name) || here->second == there->second)) continue;
        drift.push_back({
            .what = "variable " + name,
            .primary = both ? "one value" : presence(primary, name),
            .standby = both ? "another value" : presence(standby, name),
        });
    }
}

}  // namespace

std::vector<FunctionDrift> function_drift(
    const DeployedFunction& primary, const DeployedFunction& standby, const std::set<std::string>& regional
) {
    std::vector<FunctionDrift> drift;
    if (primary.version.empty() || standby.version.empty()) {
        if (primary.version == standby.version) return drift;
        const auto state = [](const DeployedFunction& function) {
            return std::string(function.version.empty() ? "not deployed" : "deployed");
        };
        drift.push_back({.what = "deployment", .primary = state(primary), .standby = state(standby)});
        return drift;
    }
    const auto compare = [&](const char* what, const std::string& here, const std::string& there) {
        if (here != there) drift.push_back({.what = what, .primary = here, .standby = there});
    };
    compare("code", primary.code_sha256, standby.code_sha256);
    compare("handler", primary.handler, standby.handler);
    compare("runtime", primary.runtime, standby.runtime);
    compare("memory", std::to_string(primary.memory_mib), std::to_string(standby.memory_mib));
    compare("timeout", std::to_string(primary.timeout_seconds), std::to_string(standby.timeout_seconds));
    compare_variables(primary.variables, standby.variables, regional, drift);
    return drift;
}

Variables merged_variables(Variables present, const Variables& wanted) {
    for (const auto& [name, value] : wanted) present[name] = value;
    return present;
}

}  // namespace cloudshelf::core
