// Functions: how they are, and how they go.
#include "region/functions/catalogue.hpp"
#include "region/functions/description.hpp"
#include "region/functions/event.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/configuration.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t page_functions_max = 50;

Update update_of(const Call& call, const Function& function, const Version& version) {
    const bool changing = version.number == lambda::latest && call.service.is_changing(function.name);
    return changing ? Update::in_progress : Update::done;
}

boost::json::object describe(const Call& call, const FoundVersion& found) {
    return describe(*found.function, *found.version, found.named.arn, update_of(call, *found.function, *found.version));
}

io::Task<Answer> get_function_configuration(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    co_return answer_json(200, describe(call, *found));
}

boost::json::object tags_of(const Function& function) {
    boost::json::object tags;
    for (const auto& [name, value] : function.tags) tags[name] = value;
    return tags;
}

io::Task<Answer> get_function(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    boost::json::object body;
    body["Configuration"] = describe(call, *found);
    body["Code"] = boost::json::object{
        {"RepositoryType", "S3"},
        {"Location", call.service.link_to_package(found->version->code.digest, call.request.header("Host"), call.caller)
        },
    };
    const auto& function = *found->function;
    if (!function.tags.empty()) body["Tags"] = tags_of(function);
    if (function.reserved)
        body["Concurrency"] = boost::json::object{{"ReservedConcurrentExecutions", *function.reserved}};
    co_return answer_json(200, body);
}

io::Task<Answer> list_functions(Call call) {
    const auto which = call.request.query("FunctionVersion");
    if (!which.empty() && which != "ALL") {
        co_return std::unexpected(
            errors::validation(which, "FunctionVersion", "Member must satisfy enum value set: [ALL]")
        );
    }
    std::map<std::string, boost::json::object> items;
    const auto& region = call.service.region().value();
    const auto add = [&](const Function& function, const Version& version, std::string key) {
        const auto qualifier = which.empty() ? std::string_view() : std::string_view(version.number);
        const auto arn = lambda::function_arn(region, function.name, qualifier);
        items[std::move(key)] = describe(function, version, arn, update_of(call, function, version));
    };
    for (const auto& function : call.service.catalogue().all()) {
        add(*function, function->latest, function->name);
        if (which.empty()) continue;
        for (const auto& [number, version] : function->published)
            add(*function, version, fmt::format("{}:{:018}", function->name, number));
    }
    auto page = page_of(call, std::move(items), page_functions_max);
    if (!page) co_return std::unexpected(page.error());
    co_return answer_page("Functions", std::move(*page));
}

io::Task<Answer> update_function_configuration(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    const auto guard = call.service.begin_change(named.name);
    if (!guard) co_return std::unexpected(guard.error());
    const auto now_ms = call.service.wall_ms();
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        auto& latest = function->latest;
        if (auto same = check_revision(call.body, latest.revision); !same) return same;
        auto changed = lambda::change_configuration(std::move(latest.configuration), call.body);
        if (!changed) return fail(changed.error());
        const bool reachable = call.service.objects() != nullptr;
        const auto& region = call.service.region().value();
        if (auto good = check_destination(changed->dead_letter_target, region, reachable); !good) return good;
        latest.configuration = std::move(*changed);
        latest.revision = draw_uuid();
        latest.modified_ms = now_ms;
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    const auto& after = changed->after;
    if (!after) co_return std::unexpected(errors::function_not_found(named.arn));
    const auto arn = lambda::function_arn(call.service.region().value(), named.name);
    co_return answer_json(200, describe(*after, after->latest, arn, Update::done));
}

/// One version goes; an alias that points to it holds it.
Result<void> delete_version(Function& function, const std::string& qualifier) {
    const auto* version = function.version(qualifier);
    if (version == nullptr) return {};  // it is not there, as it is to be
    for (const auto& [name, alias] : function.aliases) {
        if (alias.version == qualifier || alias.additional_weights.contains(qualifier)) {
            return fail(errors::resource_conflict(fmt::format(
                "The following aliases reference function version {}: [{}], so it cannot be deleted.", qualifier, name
            )));
        }
    }
    function.provisioned.erase(qualifier);
    function.event_settings.erase(qualifier);
    function.statements.erase(qualifier);
    function.published.erase(std::stoull(qualifier));
    return {};
}

io::Task<Answer> delete_function(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    if (!named.qualifier.empty() && !lambda::is_version_number(named.qualifier)) {
        co_return std::unexpected(errors::invalid_parameter(
            named.qualifier == lambda::latest ? "$LATEST version cannot be deleted without deleting the function."
                                              : "Deletion of functions by alias is not currently supported."
        ));
    }
    const auto guard = call.service.begin_change(named.name);
    if (!guard) co_return std::unexpected(guard.error());
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        if (!named.qualifier.empty()) return delete_version(*function, named.qualifier);
        function.reset();
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_nothing();
}

io::Task<Answer> get_account_settings(Call call) {
    std::map<std::string, std::uint64_t> packages;  // bytes by digest
    std::int64_t reserved = 0;
    const auto functions = call.service.catalogue().all();
    for (const auto& function : functions) {
        reserved += function->reserved.value_or(0);
        packages[function->latest.code.digest] = function->latest.code.bytes;
        for (const auto& [number, version] : function->published) packages[version.code.digest] = version.code.bytes;
    }
    std::uint64_t bytes = 0;
    for (const auto& [digest, size] : packages) bytes += size;
    const auto& options = call.service.options();
    const auto concurrency = static_cast<std::int64_t>(options.concurrency);
    co_return answer_json(
        200,
        {
            {"AccountLimit",
             {{"TotalCodeSize", std::int64_t{75} << 30},
              {"CodeSizeUnzipped", options.package_limits.unpacked_bytes_max},
              {"CodeSizeZipped", options.package_limits.zip_bytes_max},
              {"ConcurrentExecutions", concurrency},
              {"UnreservedConcurrentExecutions", std::max<std::int64_t>(0, concurrency - reserved)}}},
            {"AccountUsage", {{"TotalCodeSize", bytes}, {"FunctionCount", functions.size()}}},
        }
    );
}

}  // namespace

void add_function_operations(Operations& to) {
    using sigv4::Permission;
    to["GetFunction"] = {.permission = Permission::read, .handler = get_function};
    to["GetFunctionConfiguration"] = {.permission = Permission::read, .handler = get_function_configuration};
    to["ListFunctions"] = {.permission = Permission::read, .handler = list_functions};
    to["GetAccountSettings"] = {.permission = Permission::read, .handler = get_account_settings};
    to["UpdateFunctionConfiguration"] = {.permission = Permission::admin, .handler = update_function_configuration};
    to["DeleteFunction"] = {.permission = Permission::admin, .handler = delete_function};
}

}  // namespace cloudshelf::functions
