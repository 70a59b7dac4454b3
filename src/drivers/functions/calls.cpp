#include "drivers/functions/calls.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace cloudshelf::functions_client {

namespace json = boost::json;

namespace {

std::string text(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::int64_t number(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    json::error_code bad;
    const auto number = value != nullptr && value->is_number() ? value->to_number<std::int64_t>(bad) : 0;
    return bad ? 0 : number;
}

const json::object* member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

}  // namespace

std::string code_sha256(std::string_view zip) {
    const auto digits = sha256_hex(zip);
    std::string bytes;
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        unsigned byte = 0;
        std::from_chars(digits.data() + at, digits.data() + at + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return base64(bytes);
}

json::object members_of(const Configuration& configuration) {
    json::object variables;
    for (const auto& [name, value] : configuration.variables) variables.emplace(name, value);
    return {
        {"Handler", configuration.handler},
        {"Runtime", configuration.runtime},
        {"Role", configuration.role},
        {"Description", configuration.description},
        {"MemorySize", configuration.memory_mib},
        {"Timeout", configuration.timeout_seconds},
        {"Environment", json::object{{"Variables", std::move(variables)}}},
    };
}

FunctionInfo info_of(const json::object& answer) {
    FunctionInfo info{
        .arn = text(answer, "FunctionArn"),
        .version = text(answer, "Version"),
        .code_sha256 = text(answer, "CodeSha256"),
        .revision = text(answer, "RevisionId"),
        .state = text(answer, "State"),
        .last_update = text(answer, "LastUpdateStatus"),
        .reason = text(answer, "LastUpdateStatusReason"),
        .configuration =
            {
                .handler = text(answer, "Handler"),
                .runtime = text(answer, "Runtime"),
                .role = text(answer, "Role"),
                .description = text(answer, "Description"),
                .memory_mib = number(answer, "MemorySize"),
                .timeout_seconds = number(answer, "Timeout"),
                .variables = {},
            },
    };
    if (info.reason.empty()) info.reason = text(answer, "StateReason");
    const auto* environment = member(answer, "Environment");
    const auto* variables = environment == nullptr ? nullptr : member(*environment, "Variables");
    if (variables == nullptr) return info;
    for (const auto& [name, value] : *variables) {
        if (value.is_string()) info.configuration.variables.emplace(name, value.as_string());
    }
    return info;
}

AliasInfo alias_of(const json::object& answer) {
    AliasInfo alias{
        .name = text(answer, "Name"),
        .version = text(answer, "FunctionVersion"),
        .weights = {},
        .revision = text(answer, "RevisionId"),
    };
    const auto* routing = member(answer, "RoutingConfig");
    const auto* weights = routing == nullptr ? nullptr : member(*routing, "AdditionalVersionWeights");
    if (weights == nullptr) return alias;
    for (const auto& [version, weight] : *weights) {
        if (weight.is_number()) alias.weights.emplace(version, weight.to_number<double>());
    }
    return alias;
}

}  // namespace cloudshelf::functions_client
