// Aliases: names that move from version to version.
#include "region/functions/catalogue.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/alias.hpp"
#include "wire/lambda/fields.hpp"

#include <fmt/format.h>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t page_aliases_max = 50;

std::string alias_arn(const Call& call, const Named& named, std::string_view alias) {
    return lambda::function_arn(call.service.region().value(), named.name, alias);
}

boost::json::object describe(const Call& call, const Named& named, const lambda::Alias& alias) {
    boost::json::object told{{"AliasArn", alias_arn(call, named, alias.name)}};
    for (const auto& member : lambda::print(alias)) told[member.key()] = member.value();
    return told;
}

/// Everything that an alias points to is there.
Result<void> check_versions(const Call& call, const Function& function, const lambda::Alias& alias) {
    const auto there = [&](std::string_view number) -> Result<void> {
        if (function.version(number) != nullptr) return {};
        return fail(
            errors::function_not_found(lambda::function_arn(call.service.region().value(), function.name, number))
        );
    };
    if (auto found = there(alias.version); !found) return found;
    for (const auto& [number, weight] : alias.additional_weights) {
        if (auto found = there(number); !found) return found;
    }
    return {};
}

/// Changes a function's aliases and answers with one of them.
io::Task<Answer> change_alias(Call call, Named named, int status, std::string alias, Catalogue::Change change) {
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    const auto* after = changed->after.get();
    if (after == nullptr || !after->aliases.contains(alias))
        co_return std::unexpected(errors::alias_not_found(alias_arn(call, named, alias)));
    co_return answer_json(status, describe(call, named, after->aliases.find(alias)->second));
}

io::Task<Answer> create_alias(Call call) {
    auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    auto alias = lambda::read_alias(call.body);
    if (!alias) co_return std::unexpected(alias.error());
    alias->revision = draw_uuid();
    const auto& arn = found->named.arn;
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(arn));
        if (function->aliases.contains(alias->name)) {
            return fail(errors::resource_conflict(
                fmt::format("Alias already exists: {}", alias_arn(call, found->named, alias->name))
            ));
        }
        if (auto there = check_versions(call, *function, *alias); !there) return there;
        function->aliases.emplace(alias->name, *alias);
        return {};
    };
    co_return co_await change_alias(call, found->named, 201, alias->name, std::move(change));
}

io::Task<Answer> update_alias(Call call) {
    auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const std::string name(call.target.label("Name"));
    const auto arn = alias_arn(call, found->named, name);
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(found->named.arn));
        const auto present = function->aliases.find(name);
        if (present == function->aliases.end()) return fail(errors::alias_not_found(arn));
        if (auto same = check_revision(call.body, present->second.revision); !same) return same;
        auto changed = lambda::change_alias(present->second, call.body);
        if (!changed) return fail(changed.error());
        if (auto there = check_versions(call, *function, *changed); !there) return there;
        if (changed->version == lambda::latest && function->provisioned.contains(name)) {
            return fail(errors::invalid_parameter(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            ));
        }
        changed->revision = draw_uuid();
        present->second = std::move(*changed);
        return {};
    };
    co_return co_await change_alias(call, found->named, 200, name, std::move(change));
}

io::Task<Answer> get_alias(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto alias = found->function->aliases.find(call.target.label("Name"));
    if (alias == found->function->aliases.end()) {
        co_return std::unexpected(errors::alias_not_found(alias_arn(call, found->named, call.target.label("Name"))));
    }
    co_return answer_json(200, describe(call, found->named, alias->second));
}

io::Task<Answer> list_aliases(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto version = call.request.query("FunctionVersion");
    std::map<std::string, boost::json::object> items;
    for (const auto& [name, alias] : found->function->aliases) {
        const bool wanted = version.empty() || alias.version == version || alias.additional_weights.contains(version);
        if (wanted) items[name] = describe(call, found->named, alias);
    }
    auto page = page_of(call, std::move(items), page_aliases_max);
    if (!page) co_return std::unexpected(page.error());
    co_return answer_page("Aliases", std::move(*page));
}

io::Task<Answer> delete_alias(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& arn = found->named.arn;
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(arn));
        const std::string name(call.target.label("Name"));
        function->aliases.erase(name);
        function->provisioned.erase(name);
        function->event_settings.erase(name);
        function->statements.erase(name);
        return {};
    };
    const auto changed = co_await call.service.change(found->named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_nothing();
}

}  // namespace

void add_alias_operations(Operations& to) {
    using sigv4::Permission;
    to["CreateAlias"] = {.permission = Permission::admin, .handler = create_alias};
    to["UpdateAlias"] = {.permission = Permission::admin, .handler = update_alias};
    to["GetAlias"] = {.permission = Permission::read, .handler = get_alias};
    to["ListAliases"] = {.permission = Permission::read, .handler = list_aliases};
    to["DeleteAlias"] = {.permission = Permission::admin, .handler = delete_alias};
}

}  // namespace cloudshelf::functions
