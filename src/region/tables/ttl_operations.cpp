#include "region/tables/constraints.hpp"
#include "region/tables/expiry_filler.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;

Error no_such_table(std::string_view name) {
    return errors::resource_not_found(fmt::format("Requested resource not found: Table: {} not found", name));
}

Result<void> apply(Table& table, bool enabled, const std::string& attribute) {
    if (enabled && table.ttl_attribute) return fail(errors::validation("TimeToLive is already enabled"));
    if (!enabled && !table.ttl_attribute) return fail(errors::validation("TimeToLive is already disabled"));
    if (!enabled && *table.ttl_attribute != attribute) {
        return fail(errors::validation(
            "TimeToLive is active on a different AttributeName: current AttributeName is " + *table.ttl_attribute
        ));
    }
    table.ttl_attribute = enabled ? std::optional(attribute) : std::nullopt;
    return {};
}

io::Task<Answer> update_time_to_live(Call call) {
    const auto name = read_table_name(call.body);
    if (!name) co_return std::unexpected(name.error());
    Constraints constraints;
    std::optional<std::string> attribute;
    std::optional<bool> enabled;
    if (const auto* wish = constraints.structure(call.body, "", "TimeToLiveSpecification", Needed::yes)) {
        constexpr std::string_view inside = "timeToLiveSpecification.";
        attribute = constraints.text(*wish, inside, "AttributeName", Needed::yes, {.length_min = 1, .length_max = 255});
        enabled = constraints.flag(*wish, inside, "Enabled", Needed::yes);
    }
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());

    Service& service = call.service;
    Catalogue::Change change = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current == nullptr) return fail(no_such_table(*name));
        Table table = *current;
        if (auto applied = apply(table, *enabled, *attribute); !applied) return fail(applied.error());
        if (*enabled) want_expiry(batch, service.storage(), table);
        return table;
    };
    const auto changed = co_await service.catalogue().change(*name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    if (*enabled) service.run_behind(fill_expiry(service));
    std::string body = R"({"TimeToLiveSpecification":{"AttributeName":)";
    dynamodb::append_json_string(body, *attribute);
    body += fmt::format(R"(,"Enabled":{}}}}})", *enabled);
    co_return body;
}

io::Task<Answer> describe_time_to_live(Call call) {
    const auto name = read_table_name(call.body);
    if (!name) co_return std::unexpected(name.error());
    const auto table = call.service.catalogue().find(*name);
    if (!table) co_return std::unexpected(no_such_table(*name));
    std::string body = R"({"TimeToLiveDescription":{"TimeToLiveStatus":)";
    body += table->ttl_attribute ? R"("ENABLED")" : R"("DISABLED")";
    if (table->ttl_attribute) {
        body += R"(,"AttributeName":)";
        dynamodb::append_json_string(body, *table->ttl_attribute);
    }
    co_return body + "}}";
}

}  // namespace

void add_ttl_operations(Operations& to) {
    to["UpdateTimeToLive"] = {.permission = sigv4::Permission::admin, .handler = update_time_to_live};
    to["DescribeTimeToLive"] = {.permission = sigv4::Permission::read, .handler = describe_time_to_live};
}

}  // namespace cloudshelf::tables
