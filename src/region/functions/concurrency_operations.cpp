// Reserved and provisioned concurrency.
#include "region/functions/catalogue.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/date.hpp"
#include "wire/lambda/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t page_configs_max = 50;

/// What functions may not take away from all others together: a tenth.
std::int64_t unreserved_min(std::int64_t concurrency) {
    return std::max<std::int64_t>(1, concurrency / 10);
}

std::int64_t reserved_by_others(const Call& call, std::string_view name) {
    std::int64_t sum = 0;
    for (const auto& function : call.service.catalogue().all()) {
        if (function->name != name) sum += function->reserved.value_or(0);
    }
    return sum;
}

boost::json::object reserved_of(const Function& function) {
    boost::json::object body;
    if (function.reserved) body["ReservedConcurrentExecutions"] = *function.reserved;
    return body;
}

io::Task<Answer> put_function_concurrency(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    lambda::Fields fields(call.body);
    const auto wanted = fields.number("ReservedConcurrentExecutions", 0, 1'000'000);
    if (auto read = fields.done(); !read) co_return std::unexpected(read.error());
    if (!wanted) co_return std::unexpected(errors::missing_member("ReservedConcurrentExecutions"));
    const auto all = static_cast<std::int64_t>(call.service.options().concurrency);
    const auto least = unreserved_min(all);
    if (reserved_by_others(call, found->named.name) + *wanted > all - least) {
        co_return std::unexpected(errors::invalid_parameter(fmt::format(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            "below its minimum value of [{}].",
            least
        )));
    }
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(found->named.arn));
        function->reserved = *wanted;
        return {};
    };
    const auto changed = co_await call.service.change(found->named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_json(200, {{"ReservedConcurrentExecutions", *wanted}});
}

io::Task<Answer> get_function_concurrency(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    co_return answer_json(200, reserved_of(*found->function));
}

io::Task<Answer> delete_function_concurrency(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(found->named.arn));
        function->reserved.reset();
        return {};
    };
    const auto changed = co_await call.service.change(found->named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_nothing();
}

std::string_view status_of(const Provisioned& now) {
    if (now.allocated >= now.requested) return "READY";
    return now.failure.empty() ? "IN_PROGRESS" : "FAILED";
}

boost::json::object describe(
    const Call& call, const Function& function, const std::string& qualifier, const Provisioning& provisioning
) {
    const auto* version = function.resolve(qualifier);
    auto now = version != nullptr ? call.service.runnables().runner().provisioned(function.name, version->number)
                                  : Provisioned();
    now.requested = static_cast<std::size_t>(provisioning.requested);
    boost::json::object told{
        {"RequestedProvisionedConcurrentExecutions", provisioning.requested},
        {"AvailableProvisionedConcurrentExecutions", now.available},
        {"AllocatedProvisionedConcurrentExecutions", now.allocated},
        {"Status", status_of(now)},
        {"LastModified", lambda::timestamp(provisioning.modified_ms)},
    };
    if (!now.failure.empty()) told["StatusReason"] = now.failure;
    return told;
}

/// Whether a version or an alias may have environments kept ready.
Result<void> check_provisioning(const Call& call, const Function& function, const Named& named, std::int64_t wanted) {
    const auto* version = function.resolve(named.qualifier);
    if (version == nullptr) return fail(errors::function_not_found(named.arn));
    if (named.qualifier.empty() || version->number == lambda::latest) {
        return fail(errors::invalid_parameter(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        ));
    }
    for (const auto& [other, provisioning] : function.provisioned) {
        if (other != named.qualifier && function.resolve(other) == version) {
            return fail(errors::invalid_parameter(fmt::format(
                "Provisioned Concurrency is already configured for version {} through {}", version->number, other
            )));
        }
    }
    if (function.reserved && wanted > *function.reserved) {
        return fail(errors::invalid_parameter(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        ));
    }
    const auto all = static_cast<std::int64_t>(call.service.options().concurrency);
    if (wanted > all - unreserved_min(all)) {
        return fail(errors::invalid_parameter(
            fmt::format("Specified ConcurrentExecutions for function is greater than this host's {}", all)
        ));
    }
    return {};
}

io::Task<Answer> put_provisioned(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    lambda::Fields fields(call.body);
    const auto wanted = fields.number("ProvisionedConcurrentExecutions", 1, 1'000'000);
    if (auto read = fields.done(); !read) co_return std::unexpected(read.error());
    if (!wanted) co_return std::unexpected(errors::missing_member("ProvisionedConcurrentExecutions"));
    if (named.qualifier.empty()) co_return std::unexpected(errors::missing_member("Qualifier"));
    const auto now_ms = call.service.wall_ms();
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        if (auto good = check_provisioning(call, *function, named, *wanted); !good) return good;
        function->provisioned.insert_or_assign(
            named.qualifier, Provisioning{.requested = *wanted, .modified_ms = now_ms}
        );
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    if (!changed->after) co_return std::unexpected(errors::function_not_found(named.arn));
    const Provisioning now{.requested = *wanted, .modified_ms = now_ms};
    co_return answer_json(202, describe(call, *changed->after, named.qualifier, now));
}

io::Task<Answer> get_provisioned(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& function = *found->function;
    const auto provisioning = function.provisioned.find(found->named.qualifier);
    if (provisioning == function.provisioned.end()) co_return std::unexpected(errors::provisioned_not_found());
    co_return answer_json(200, describe(call, function, provisioning->first, provisioning->second));
}

io::Task<Answer> list_provisioned(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& function = *found->function;
    std::map<std::string, boost::json::object> items;
    for (const auto& [qualifier, provisioning] : function.provisioned) {
        auto told = describe(call, function, qualifier, provisioning);
        told["FunctionArn"] = lambda::function_arn(call.service.region().value(), function.name, qualifier);
        items[qualifier] = std::move(told);
    }
    auto page = page_of(call, std::move(items), page_configs_max);
    if (!page) co_return std::unexpected(page.error());
    co_return answer_page("ProvisionedConcurrencyConfigs", std::move(*page));
}

io::Task<Answer> delete_provisioned(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        if (function->provisioned.erase(named.qualifier) == 0) return fail(errors::provisioned_not_found());
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_nothing();
}

}  // namespace

void add_concurrency_operations(Operations& to) {
    using sigv4::Permission;
    to["PutFunctionConcurrency"] = {.permission = Permission::admin, .handler = put_function_concurrency};
    to["GetFunctionConcurrency"] = {.permission = Permission::read, .handler = get_function_concurrency};
    to["DeleteFunctionConcurrency"] = {.permission = Permission::admin, .handler = delete_function_concurrency};
    to["PutProvisionedConcurrencyConfig"] = {.permission = Permission::admin, .handler = put_provisioned};
    to["GetProvisionedConcurrencyConfig"] = {.permission = Permission::read, .handler = get_provisioned};
    to["ListProvisionedConcurrencyConfigs"] = {.permission = Permission::read, .handler = list_provisioned};
    to["DeleteProvisionedConcurrencyConfig"] = {.permission = Permission::admin, .handler = delete_provisioned};
}

}  // namespace cloudshelf::functions
