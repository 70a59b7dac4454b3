#include "region/environments/variables.hpp"

#include <fmt/format.h>

namespace cloudshelf::functions {

std::map<std::string, std::string> variables_of(
    const Runnable& code, const HostOptions& options, const Place& place, Reason reason
) {
    const std::string root = code.root;
    std::map<std::string, std::string> all{
        {"PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"},
        {"LD_LIBRARY_PATH", root + ":" + root + "/lib"},
        {"LANG", "en_US.UTF-8"},
        {"TZ", ":UTC"},
        {"AWS_REGION", options.region},
        {"AWS_DEFAULT_REGION", options.region},
    };
    for (const auto& [name, value] : options.variables) all[name] = value;
    for (const auto& [name, value] : code.variables) all[name] = value;
    const std::map<std::string, std::string> fixed{
        {"_HANDLER", code.handler},
        {"AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"},
        {"AWS_LAMBDA_FUNCTION_NAME", code.function},
        {"AWS_LAMBDA_FUNCTION_VERSION", code.version},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(code.memory_mib)},
        {"AWS_LAMBDA_INITIALIZATION_TYPE", reason == Reason::provisioned ? "provisioned-concurrency" : "on-demand"},
        {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/" + code.function},
        {"AWS_LAMBDA_LOG_STREAM_NAME", fmt::format("[{}]{}", code.version, place.id)},
        {"AWS_LAMBDA_RUNTIME_API", place.runtime_api},
        {"LAMBDA_TASK_ROOT", root},
        {"LAMBDA_RUNTIME_DIR", root},
        {"TMPDIR", place.temporary},
    };
    for (const auto& [name, value] : fixed) all[name] = value;
    return all;
}

}  // namespace cloudshelf::functions
