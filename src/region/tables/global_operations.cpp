// Global tables of version 2017.11.29, as a view of the replicas that a table has (version 2019.11.21): what one API
// makes the other shows.
#include "region/tables/constraints.hpp"
#include "region/tables/description.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/replica_updates.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;
namespace json = boost::json;

constexpr std::int64_t page_tables_max = 100;
constexpr Constraints::Text table_name{.length_min = 3, .length_max = 255, .name = true};

Error global_error(std::string_view exception, std::string message) {
    return {.code = std::string(exception), .message = std::move(message)};
}
Error no_such_global_table(std::string_view name) {
    return global_error("GlobalTableNotFoundException", fmt::format("Global Table not found: {}", name));
}

void append_group(std::string& to, const Table& table, const RegionName& here, bool with_status) {
    to += R"("ReplicationGroup":[)";
    const auto append = [&](const RegionName& region, ReplicaStatus status) {
        if (to.back() == '}') to += ',';
        to += R"({"RegionName":)";
        dynamodb::append_json_string(to, region.value());
        if (with_status) to += fmt::format(R"(,"ReplicaStatus":"{}")", to_string(status));
        to += '}';
    };
    append(here, ReplicaStatus::active);
    for (const auto& replica : table.replicas) append(replica.region, replica.status);
    to += ']';
}

std::string_view status_of(const Table& table) {
    const auto has = [&](ReplicaStatus status) {
        return std::ranges::any_of(table.replicas, [&](const Replica& replica) { return replica.status == status; });
    };
    if (has(ReplicaStatus::deleting)) return "UPDATING";
    return has(ReplicaStatus::creating) ? "CREATING" : "ACTIVE";
}

std::string described(const Table& table, const RegionName& here) {
    std::string body = R"({"GlobalTableDescription":{)";
    append_group(body, table, here, true);
    body += fmt::format(
        R"(,"GlobalTableArn":"arn:aws:dynamodb::{}:global-table/{}","GlobalTableName":"{}","GlobalTableStatus":"{}")",
        account_id,
        table.name,
        table.name,
        status_of(table)
    );
    body += R"(,"CreationDateTime":)";
    append_seconds(body, table.created_ms);
    return body + "}}";
}

json::value creating(std::string_view region) {
    return {{"Create", {{"RegionName", region}}}};
}

// CreateGlobalTable

io::Task<Answer> create_global_table(Call call) {
    Constraints constraints;
    const auto name = constraints.text(call.body, "", "GlobalTableName", Needed::yes, table_name);
    std::set<std::string> regions;
    if (const auto* group = constraints.list(call.body, "", "ReplicationGroup", Needed::yes)) {
        for (std::size_t i = 0; i < group->size(); ++i) {
            const auto* replica = constraints.member((*group)[i]);
            if (replica == nullptr) continue;
            const auto within = fmt::format("replicationGroup.{}.member.", i + 1);
            auto region = constraints.text(*replica, within, "RegionName", Needed::yes, {.length_min = 1});
            if (region) regions.insert(std::move(*region));
        }
    }
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    if (regions.erase(service.region().value()) == 0 || regions.empty()) {
        co_return std::unexpected(errors::validation(fmt::format(
            "ReplicationGroup has to name {}, where the table is, and another region", service.region().value()
        )));
    }
    const auto table = service.catalogue().find(*name);
    if (!table) co_return std::unexpected(errors::table_not_found(*name));
    if (table->replicated()) {
        co_return std::unexpected(global_error(
            "GlobalTableAlreadyExistsException", fmt::format("Global table with name: {} already exists", *name)
        ));
    }
    json::array updates;
    for (const auto& region : regions) updates.push_back(creating(region));
    const auto made = co_await update_replicas(service, table, updates);
    if (!made) co_return std::unexpected(made.error());
    co_return described(**made, service.region());
}

// UpdateGlobalTable

Error replica_error(bool exists, std::string_view region) {
    if (exists) {
        return global_error(
            "ReplicaAlreadyExistsException", fmt::format("Replica already exists in region: {}", region)
        );
    }
    return global_error("ReplicaNotFoundException", fmt::format("Replica not found in region: {}", region));
}

/// A ReplicaUpdates' member says the same in both versions, but what it may not say has another name here.
Result<void> check_update(
    Constraints& constraints, const Table& table, const json::value& update, std::string_view within
) {
    const auto* object = constraints.member(update);
    if (object == nullptr) return {};
    for (const std::string_view action : {"Create", "Delete"}) {
        const auto* wish = constraints.structure(*object, within, action, Needed::no);
        if (wish == nullptr) continue;
        const auto region = constraints.text(*wish, within, "RegionName", Needed::yes, {.length_min = 1});
        if (!region) continue;
        const bool exists =
            std::ranges::find(table.replicas, RegionName(*region), &Replica::region) != table.replicas.end();
        if (exists == (action == "Create")) return fail(replica_error(exists, *region));
    }
    return {};
}

io::Task<Answer> update_global_table(Call call) {
    Constraints constraints;
    const auto name = constraints.text(call.body, "", "GlobalTableName", Needed::yes, table_name);
    const auto* updates = constraints.list(call.body, "", "ReplicaUpdates", Needed::yes);
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    const auto table = service.catalogue().find(*name);
    if (!table || !table->replicated()) co_return std::unexpected(no_such_global_table(*name));
    for (std::size_t i = 0; i < updates->size(); ++i) {
        const auto within = fmt::format("replicaUpdates.{}.member.", i + 1);
        const auto checked = check_update(constraints, *table, (*updates)[i], within);
        if (!checked) co_return std::unexpected(checked.error());
    }
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    const auto updated = co_await update_replicas(service, table, *updates);
    if (!updated) co_return std::unexpected(updated.error());
    co_return described(**updated, service.region());
}

// DescribeGlobalTable, ListGlobalTables

io::Task<Answer> describe_global_table(Call call) {
    Constraints constraints;
    const auto name = constraints.text(call.body, "", "GlobalTableName", Needed::yes, table_name);
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    const auto table = call.service.catalogue().find(*name);
    if (!table || !table->replicated()) co_return std::unexpected(no_such_global_table(*name));
    co_return described(*table, call.service.region());
}

io::Task<Answer> list_global_tables(Call call) {
    Constraints constraints;
    const auto after = constraints.text(call.body, "", "ExclusiveStartGlobalTableName", Needed::no, table_name);
    const auto limit = constraints.number(call.body, "", "Limit", Needed::no, 1);
    const auto in_region = constraints.text(call.body, "", "RegionName", Needed::no, {.length_min = 1});
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    const auto& here = call.service.region();
    std::vector<TablePtr> tables = call.service.catalogue().all();
    std::erase_if(tables, [&](const TablePtr& table) {
        const bool asked_for =
            !in_region || *in_region == here.value() ||
            std::ranges::find(table->replicas, RegionName(*in_region), &Replica::region) != table->replicas.end();
        return !table->replicated() || !asked_for || (after && table->name <= *after);
    });
    const auto shown =
        std::min(tables.size(), static_cast<std::size_t>(std::min(limit.value_or(page_tables_max), page_tables_max)));
    std::string body = R"({"GlobalTables":[)";
    for (std::size_t i = 0; i < shown; ++i) {
        body += fmt::format(R"({}{{"GlobalTableName":"{}",)", i > 0 ? "," : "", tables[i]->name);
        append_group(body, *tables[i], here, false);
        body += '}';
    }
    body += ']';
    if (shown < tables.size()) {
        body += fmt::format(R"(,"LastEvaluatedGlobalTableName":"{}")", tables[shown - 1]->name);
    }
    co_return body + "}";
}

}  // namespace

void add_global_operations(Operations& to) {
    to["CreateGlobalTable"] = {.permission = sigv4::Permission::admin, .handler = create_global_table};
    to["UpdateGlobalTable"] = {.permission = sigv4::Permission::admin, .handler = update_global_table};
    to["DescribeGlobalTable"] = {.permission = sigv4::Permission::read, .handler = describe_global_table};
    to["ListGlobalTables"] = {.permission = sigv4::Permission::read, .handler = list_global_tables};
}

}  // namespace cloudshelf::tables
