#include "cli/function_fleet.hpp"

#include "cli/command.hpp"
#include "drivers/tables/key_file.hpp"
#include "io/file.hpp"
#include "twin/functions.hpp"
#include "wire/apigateway/event.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace cloudshelf::cli {

namespace json = boost::json;

namespace {

using Texts = std::map<std::string, std::string>;

/// "us-east-1=…": what is behind the region's name, or nothing.
std::optional<std::string> told_of(const std::vector<std::string>& told, const RegionName& region) {
    for (const auto& text : told) {
        if (text.starts_with(region.value() + "=")) return text.substr(region.value().size() + 1);
    }
    return {};
}

Result<io::Endpoint> endpoint_of(const FleetOptions& options, const twin::Site& site) {
    for (const auto& text : options.endpoints) {
        const auto told = read_region_endpoint(text);
        if (!told) return fail(told.error());
        if (told->first == site.name) return told->second;
    }
    return io::Endpoint{site.address, twin::Ports::functions};
}

/// An object of texts.
Result<Texts> read_variables(const std::filesystem::path& file) {
    const auto text = io::read_file(file, 64 << 10);
    if (!text) return fail(text.error());
    json::error_code bad;
    const auto value = json::parse(*text, bad);
    const auto* object = bad ? nullptr : value.if_object();
    const auto wrong = [&](std::string_view what) {
        return fail("cli.bad-variables", fmt::format("{}: {}", file.string(), what));
    };
    if (object == nullptr) return wrong("expected a JSON object of texts");
    Texts texts;
    for (const auto& [name, member] : *object) {
        if (!member.is_string()) return wrong(fmt::format("{}: expected a text", std::string_view(name)));
        texts.emplace(name, member.as_string());
    }
    return texts;
}

/// A customer's GET, as the gateway would send it.
std::string event_of(const std::string& target) {
    apigateway::Event event;
    const auto mark = std::min(target.find('?'), target.size());
    event.route_key = "$default";
    event.raw_path = target.substr(0, mark);
    event.raw_query = target.substr(std::min(mark + 1, target.size()));
    event.method = "GET";
    return print(event);
}

}  // namespace

Result<std::unique_ptr<FunctionFleet>> FunctionFleet::open(
    io::Executor executor, const twin::Layout& layout, const FleetOptions& options
) {
    std::filesystem::path file = options.credentials;
    if (file.empty()) file = layout.secrets() / "functions-operator.credentials";
    const auto key = tables_client::read_key_file(file);
    if (!key) return fail(key.error());
    auto fleet = std::make_unique<FunctionFleet>();
    fleet->role_ = options.role;
    for (const auto& site : {layout.standby, layout.primary}) {
        const auto endpoint = endpoint_of(options, site);
        if (!endpoint) return fail(endpoint.error());
        const auto told = told_of(options.variables, site.name);
        const std::filesystem::path kept =
            told ? std::filesystem::path(*told) : twin::function_variables_file(layout, site);
        auto variables = read_variables(kept);
        if (!variables) return fail(variables.error());
        functions_client::Client::Options client{
            .endpoint = *endpoint, .region = site.name.value(), .credentials = *key
        };
        fleet->regions_.push_back(
            {.site = site,
             .client = std::make_unique<functions_client::Client>(executor, std::move(client)),
             .variables = std::move(*variables)}
        );
    }
    return fleet;
}

std::vector<functions_client::Target> FunctionFleet::targets(const core::Function& function) {
    std::vector<functions_client::Target> targets;
    for (const auto& region : regions_) {
        const bool is_primary = &region == &primary();
        auto variables = region.variables;
        for (const auto& [name, value] : function.environment) variables[name] = value;
        if (!is_primary) {
            for (const auto& [name, value] : function.standby_environment) variables[name] = value;
        }
        targets.push_back({
            .client = region.client.get(),
            .region = region.site.name.value(),
            .function = is_primary ? function.name_in_primary() : function.standby_name,
            .variables = std::move(variables),
        });
    }
    return targets;
}

functions_client::Configuration FunctionFleet::configuration(const core::Function& function) const {
    return {
        .role = role_,
        .description = function.name,
        .memory_mib = function.memory_mib,
        .timeout_seconds = std::chrono::duration_cast<std::chrono::seconds>(function.timeout).count(),
        .variables = {},
    };
}

std::vector<functions_client::Smoke> FunctionFleet::smokes(const core::Function& function) {
    std::vector<functions_client::Smoke> smokes;
    if (function.warm_up) smokes.push_back({.payload = *function.warm_up, .status = 0});
    if (function.smoke) smokes.push_back({.payload = event_of(*function.smoke)});
    return smokes;
}

std::set<std::string> FunctionFleet::regional(const core::Function& function) const {
    std::set<std::string> names;
    for (const auto& [name, value] : function.standby_environment) names.insert(name);
    const auto& standby = regions_.front().variables;
    for (const auto& [name, value] : primary().variables) {
        const auto there = standby.find(name);
        if (there != standby.end() && there->second != value) names.insert(name);
    }
    return names;
}

}  // namespace cloudshelf::cli
