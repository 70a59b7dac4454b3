// Policies of functions: kept and shown. What decides is the permission of the caller's key.
#include "region/functions/catalogue.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/policy.hpp"

#include <fmt/format.h>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t policy_bytes_max = 20 << 10;

io::Task<Answer> add_permission(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    const auto statement = lambda::read_statement(call.body, named.arn);
    if (!statement) co_return std::unexpected(statement.error());
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        auto& statements = function->statements[named.qualifier];
        if (!statements.emplace(statement->id, statement->json).second) {
            return fail(errors::resource_conflict(fmt::format(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the "
                "existing statement.",
                statement->id
            )));
        }
        if (lambda::print_policy(statements).size() > policy_bytes_max) {
            return fail(Error{
                .code = "PolicyLengthExceededException",
                .message = fmt::format("The policy would be larger than {} bytes", policy_bytes_max),
            });
        }
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_json(201, {{"Statement", statement->json}});
}

io::Task<Answer> get_policy(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto statements = found->function->statements.find(found->named.qualifier);
    if (statements == found->function->statements.end()) co_return std::unexpected(errors::policy_not_found());
    co_return answer_json(
        200, {{"Policy", lambda::print_policy(statements->second)}, {"RevisionId", found->version->revision}}
    );
}

io::Task<Answer> remove_permission(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    const std::string id(call.target.label("StatementId"));
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        const auto statements = function->statements.find(named.qualifier);
        if (statements == function->statements.end() || statements->second.erase(id) == 0)
            return fail(errors::resource_not_found(fmt::format("Statement {} is not found in resource policy.", id)));
        if (statements->second.empty()) function->statements.erase(statements);
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_nothing();
}

}  // namespace

void add_permission_operations(Operations& to) {
    using sigv4::Permission;
    to["AddPermission"] = {.permission = Permission::admin, .handler = add_permission};
    to["GetPolicy"] = {.permission = Permission::read, .handler = get_policy};
    to["RemovePermission"] = {.permission = Permission::admin, .handler = remove_permission};
}

}  // namespace cloudshelf::functions
