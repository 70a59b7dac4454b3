#include "wire/lambda/operation.hpp"

#include <array>
#include <charconv>
#include <ranges>
#include <vector>

namespace cloudshelf::lambda {
namespace {

struct Route {
    std::string_view method;
    std::string_view path;  // "{X}" takes a segment
    std::string_view operation;
};

constexpr std::array routes{
    Route{"POST", "2015-03-31/functions", "CreateFunction"},
    Route{"GET", "2015-03-31/functions", "ListFunctions"},
    Route{"GET", "2015-03-31/functions/{FunctionName}", "GetFunction"},
    Route{"DELETE", "2015-03-31/functions/{FunctionName}", "DeleteFunction"},
    Route{"GET", "2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"},
    Route{"PUT", "2015-03-31/functions/{FunctionName}/configuration", "UpdateFunctionConfiguration"},
    Route{"PUT", "2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode"},
    Route{"POST", "2015-03-31/functions/{FunctionName}/versions", "PublishVersion"},
    Route{"GET", "2015-03-31/functions/{FunctionName}/versions", "ListVersionsByFunction"},
    Route{"POST", "2015-03-31/functions/{FunctionName}/aliases", "CreateAlias"},
    Route{"GET", "2015-03-31/functions/{FunctionName}/aliases", "ListAliases"},
    Route{"GET", "2015-03-31/functions/{FunctionName}/aliases/{Name}", "GetAlias"},
    Route{"PUT", "2015-03-31/functions/{FunctionName}/aliases/{Name}", "UpdateAlias"},
    Route{"DELETE", "2015-03-31/functions/{FunctionName}/aliases/{Name}", "DeleteAlias"},
    Route{"POST", "2015-03-31/functions/{FunctionName}/invocations", "Invoke"},
    Route{"POST", "2015-03-31/functions/{FunctionName}/policy", "AddPermission"},
    Route{"GET", "2015-03-31/functions/{FunctionName}/policy", "GetPolicy"},
    Route{"DELETE", "2015-03-31/functions/{FunctionName}/policy/{StatementId}", "RemovePermission"},
    Route{"PUT", "2017-10-31/functions/{FunctionName}/concurrency", "PutFunctionConcurrency"},
    Route{"DELETE", "2017-10-31/functions/{FunctionName}/concurrency", "DeleteFunctionConcurrency"},
    Route{"GET", "2019-09-30/functions/{FunctionName}/concurrency", "GetFunctionConcurrency"},
    Route{"PUT", "2019-09-30/functions/{FunctionName}/provisioned-concurrency", "PutProvisionedConcurrencyConfig"},
    Route{"GET", "2019-09-30/functions/{FunctionName}/provisioned-concurrency", "GetProvisionedConcurrencyConfig"},
    Route{
        "DELETE", "2019-09-30/functions/{FunctionName}/provisioned-concurrency", "DeleteProvisionedConcurrencyConfig"
    },
    Route{"PUT", "2019-09-25/functions/{FunctionName}/event-invoke-config", "PutFunctionEventInvokeConfig"},
    Route{"POST", "2019-09-25/functions/{FunctionName}/event-invoke-config", "UpdateFunctionEventInvokeConfig"},
    Route{"GET", "2019-09-25/functions/{FunctionName}/event-invoke-config", "GetFunctionEventInvokeConfig"},
    Route{"DELETE", "2019-09-25/functions/{FunctionName}/event-invoke-config", "DeleteFunctionEventInvokeConfig"},
    Route{"GET", "2019-09-25/functions/{FunctionName}/event-invoke-config/list", "ListFunctionEventInvokeConfigs"},
    Route{"GET", "2017-03-31/tags/{Resource}", "ListTags"},
    Route{"POST", "2017-03-31/tags/{Resource}", "TagResource"},
    Route{"DELETE", "2017-03-31/tags/{Resource}", "UntagResource"},
    Route{"GET", "2016-08-19/account-settings", "GetAccountSettings"},
    Route{"POST", "2015-03-31/event-source-mappings", "CreateEventSourceMapping"},
    Route{"GET", "2015-03-31/event-source-mappings", "ListEventSourceMappings"},
    Route{"GET", "2015-03-31/event-source-mappings/{UUID}", "GetEventSourceMapping"},
    Route{"PUT", "2015-03-31/event-source-mappings/{UUID}", "UpdateEventSourceMapping"},
    Route{"DELETE", "2015-03-31/event-source-mappings/{UUID}", "DeleteEventSourceMapping"},
};

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> parts;
    for (const auto part : path | std::views::split('/')) parts.emplace_back(part.begin(), part.end());
    if (!parts.empty() && parts.back().empty()) parts.pop_back();  // "/2015-03-31/functions/" too
    return parts;
}

std::optional<Target> match(const Route& route, const std::vector<std::string_view>& given) {
    const auto wanted = segments(route.path);
    if (wanted.size() != given.size()) return std::nullopt;
    Target target{.operation = std::string(route.operation), .labels = {}};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].starts_with('{')) {
            if (given[i].empty()) return std::nullopt;
            target.labels[std::string(wanted[i].substr(1, wanted[i].size() - 2))] = percent_decode(given[i]);
        } else if (wanted[i] != given[i]) {
            return std::nullopt;
        }
    }
    return target;
}

/// The one pair of operations that share method and path: the query tells them apart.
bool asks_for_list(std::string_view query) {
    for (const auto part : query | std::views::split('&')) {
        if (std::string_view(part.begin(), part.end()) == "List=ALL") return true;
    }
    return false;
}

}  // namespace

std::string_view Target::label(std::string_view name) const {
    const auto found = labels.find(name);
    return found == labels.end() ? std::string_view() : found->second;
}

std::optional<Target> read_target(std::string_view method, std::string_view target) {
    const auto mark = target.find('?');
    const auto path = target.substr(0, mark);
    if (!path.starts_with('/')) return std::nullopt;
    const auto given = segments(path.substr(1));
    for (const auto& route : routes) {
        if (route.method != method) continue;
        auto found = match(route, given);
        if (!found) continue;
        if (found->operation == "GetProvisionedConcurrencyConfig" && mark != std::string_view::npos &&
            asks_for_list(target.substr(mark + 1)))
            found->operation = "ListProvisionedConcurrencyConfigs";
        return found;
    }
    return std::nullopt;
}

std::string percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        if (text[i] == '%' && i + 2 < text.size()) {
            const auto* const from = text.data() + i + 1;
            if (std::from_chars(from, from + 2, value, 16).ptr == from + 2) {
                decoded += static_cast<char>(value);
                i += 2;
                continue;
            }
        }
        decoded += text[i];
    }
    return decoded;
}

}  // namespace cloudshelf::lambda
