#include "region/tables/backup_operations.hpp"

#include "region/tables/backup_request.hpp"
#include "region/tables/backup_store.hpp"
#include "region/tables/item_request.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/restore.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/errors.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;
namespace json = boost::json;

constexpr std::int64_t list_limit_max = 100;

BackupStore store_of(const Service& service) {
    return BackupStore({.folder = service.options().data / "backups"});
}

// --- Names -----------------------------------------------------------------------------------------------------------

std::string backup_arn(const RegionName& region, const Table& table, const Backup& backup) {
    return table_arn(region, table.name) + "/backup/" + backup.id;
}

/// A backup with the table that it is of.
struct Found {
    Backup backup;
    Table table;
    std::string arn;
};

Result<Found> with_table(const RegionName& region, Backup backup) {
    auto table = decode_table(backup.table);
    if (!table) return fail(table.error());
    std::string arn = backup_arn(region, *table, backup);
    return Found{.backup = std::move(backup), .table = std::move(*table), .arn = std::move(arn)};
}

/// Blocks. Errors: BackupNotFoundException.
Result<Found> find_backup(const BackupStore& store, const RegionName& region, const std::string& arn) {
    constexpr std::string_view part = "/backup/";
    const auto at = arn.find(part);
    if (at == std::string::npos) return fail(errors::validation("Invalid BackupArn: " + arn));
    auto backup = store.find(std::string_view(arn).substr(at + part.size()));
    if (!backup) return fail(told(backup.error(), arn));
    auto found = with_table(region, std::move(*backup));
    if (found && found->arn != arn) return fail(no_backup(arn));
    return found;
}

// --- As JSON ---------------------------------------------------------------------------------------------------------

json::object details(const Found& found, std::string_view status) {
    json::object object{
        {"BackupArn", found.arn},
        {"BackupName", found.backup.name},
        {"BackupSizeBytes", found.backup.size_bytes},
        {"BackupStatus", status},
        {"BackupType", to_string(found.backup.type)},
        {"BackupCreationDateTime", seconds(found.backup.created_ms)}
    };
    if (found.backup.expires_ms != 0) object["BackupExpiryDateTime"] = seconds(found.backup.expires_ms);
    return object;
}

json::object index_info(const Index& index) {
    json::object projection{{"ProjectionType", to_string(index.projected)}};
    if (!index.included.empty())
        projection["NonKeyAttributes"] = json::array(index.included.begin(), index.included.end());
    json::object info{
        {"IndexName", index.name}, {"KeySchema", key_schema(index.key)}, {"Projection", std::move(projection)}
    };
    if (index.global) info["ProvisionedThroughput"] = throughput(index.read_units, index.write_units);
    return info;
}

json::object description(const Found& found, const RegionName& region) {
    const Table& table = found.table;
    json::object source{
        {"TableName", table.name},
        {"TableId", table.id},
        {"TableArn", table_arn(region, table.name)},
        {"TableSizeBytes", found.backup.size_bytes},
        {"KeySchema", key_schema(table.key)},
        {"TableCreationDateTime", seconds(table.created_ms)},
        {"ProvisionedThroughput", throughput(table.read_units, table.write_units)},
        {"ItemCount", found.backup.items},
        {"BillingMode", table.on_demand ? "PAY_PER_REQUEST" : "PROVISIONED"}
    };
    json::object features;
    for (const Index& index : table.indexes) {
        json::value& list = features[index.global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes"];
        if (list.is_null()) list = json::array();
        list.as_array().push_back(index_info(index));
    }
    if (const Stream* stream = table.stream()) {
        features["StreamDescription"] =
            json::object{{"StreamEnabled", true}, {"StreamViewType", to_string(stream->view)}};
    }
    if (table.ttl_attribute) {
        features["TimeToLiveDescription"] =
            json::object{{"TimeToLiveStatus", "ENABLED"}, {"AttributeName", *table.ttl_attribute}};
    }
    return {
        {"BackupDetails", details(found, "AVAILABLE")},
        {"SourceTableDetails", std::move(source)},
        {"SourceTableFeatureDetails", std::move(features)}
    };
}

// --- Create, describe, list, delete ----------------------------------------------------------------------------------

Result<std::string> read_arn(const json::object& body) {
    Constraints constraints;
    auto arn = constraints.text(body, "", "BackupArn", Needed::yes, arn_limits);
    if (auto verdict = constraints.verdict(); !verdict) return fail(verdict.error());
    return std::move(*arn);
}

/// Answers when the backup is whole and durable, and says CREATING all the same, as clients expect.
io::Task<Answer> create_backup(Call call) {
    Constraints constraints;
    const auto table_name = constraints.text(call.body, "", "TableName", Needed::yes, table_limits);
    const auto name = constraints.text(call.body, "", "BackupName", Needed::yes, new_name_limits);
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    const TablePtr table = service.catalogue().find(table_name_of(*table_name));
    if (!table) co_return std::unexpected(no_table(*table_name));
    if (table->status == TableStatus::creating || table->status == TableStatus::deleting) {
        co_return std::unexpected(
            Error{.code = "TableInUseException", .message = "Table is being created or deleted: " + table->name}
        );
    }
    Backup facts{.name = *name, .table = encode_table(*table), .created_ms = service.wall_ms()};
    auto created = co_await back_up(service, std::move(facts), table);
    if (!created) co_return std::unexpected(told(created.error(), *name));
    auto found = with_table(service.region(), std::move(*created));
    if (!found) co_return std::unexpected(found.error());
    co_return json::serialize(json::object{{"BackupDetails", details(*found, "CREATING")}});
}

io::Task<Answer> describe_backup(Call call) {
    const auto arn = read_arn(call.body);
    if (!arn) co_return std::unexpected(arn.error());
    Service& service = call.service;
    const BackupStore store = store_of(service);
    const auto work = [&] { return find_backup(store, service.region(), *arn); };
    const auto found = co_await service.reading().run(work);
    if (!found) co_return std::unexpected(found.error());
    co_return json::serialize(json::object{{"BackupDescription", description(*found, service.region())}});
}

io::Task<Answer> delete_backup(Call call) {
    const auto arn = read_arn(call.body);
    if (!arn) co_return std::unexpected(arn.error());
    Service& service = call.service;
    const BackupStore store = store_of(service);
    const auto work = [&]() -> Result<Found> {
        auto found = find_backup(store, service.region(), *arn);
        if (!found) return found;
        if (auto removed = store.remove(found->backup.id); !removed) return fail(told(removed.error(), *arn));
        return found;
    };
    const auto found = co_await service.reading().run(work);
    if (!found) co_return std::unexpected(found.error());
    auto gone = description(*found, service.region());
    gone["BackupDetails"] = details(*found, "DELETED");
    co_return json::serialize(json::object{{"BackupDescription", std::move(gone)}});
}

struct ListWish {
    std::optional<std::string> table;
    std::optional<std::string> after;
    std::string type = "USER";
    std::int64_t limit = list_limit_max;
    double from = 0;  // seconds since 1970
    double until = std::numeric_limits<double>::max();
};

Result<ListWish> read_list_wish(const json::object& body) {
    static constexpr std::array<std::string_view, 4> types{"SYSTEM", "AWS_BACKUP", "USER", "ALL"};
    ListWish wish;
    Constraints constraints;
    const auto table = constraints.text(body, "", "TableName", Needed::no, table_limits);
    if (table) wish.table = table_name_of(*table);
    wish.after = constraints.text(body, "", "ExclusiveStartBackupArn", Needed::no, arn_limits);
    wish.type = constraints.text(body, "", "BackupType", Needed::no, {.words = types}).value_or(wish.type);
    wish.limit = constraints.number(body, "", "Limit", Needed::no, 1, list_limit_max).value_or(wish.limit);
    if (auto verdict = constraints.verdict(); !verdict) return fail(verdict.error());
    for (const auto& [member, bound] :
         {std::pair("TimeRangeLowerBound", &wish.from), {"TimeRangeUpperBound", &wish.until}}) {
        const auto* value = body.if_contains(member);
        if (value == nullptr || value->is_null()) continue;
        if (!value->is_number()) return fail(errors::serialization());
        *bound = value->to_number<double>();
    }
    return wish;
}

io::Task<Answer> list_backups(Call call) {
    const auto wish = read_list_wish(call.body);
    if (!wish) co_return std::unexpected(wish.error());
    Service& service = call.service;
    const BackupStore store = store_of(service);
    const auto work = [&] { return store.list(); };
    const auto list = co_await service.reading().run(work);
    if (!list) co_return std::unexpected(told(list.error(), ""));
    // Ids begin with the moment of creation, so that the page after a backup is found even when that one was deleted.
    const std::string after = wish->after ? wish->after->substr(wish->after->rfind('/') + 1) : "";
    json::array summaries;
    std::string last;
    bool more = false;
    for (const Backup& backup : list->backups) {
        const double created = seconds(backup.created_ms);
        if (backup.id <= after || created < wish->from || created >= wish->until) continue;
        if (wish->type != "ALL" && wish->type != to_string(backup.type)) continue;
        const auto found = with_table(service.region(), backup);
        if (!found) co_return std::unexpected(found.error());
        if (wish->table && *wish->table != found->table.name) continue;
        if (std::ssize(summaries) == wish->limit) {
            more = true;
            break;
        }
        auto summary = details(*found, "AVAILABLE");
        summary["TableName"] = found->table.name;
        summary["TableId"] = found->table.id;
        summary["TableArn"] = table_arn(service.region(), found->table.name);
        summaries.push_back(std::move(summary));
        last = found->arn;
    }
    json::object body{{"BackupSummaries", std::move(summaries)}};
    if (more) body["LastEvaluatedBackupArn"] = last;
    co_return json::serialize(body);
}

// --- Restore ---------------------------------------------------------------------------------------------------------

/// Answers when the table is whole: until then it is CREATING, and for a start after a crash it never was.
io::Task<Answer> restore_table_from_backup(Call call) {
    Constraints constraints;
    const auto name = constraints.text(call.body, "", "TargetTableName", Needed::yes, new_name_limits);
    const auto arn = constraints.text(call.body, "", "BackupArn", Needed::yes, arn_limits);
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    const BackupStore store = store_of(service);
    // Everything is read once before anything is made: a damaged backup leaves no table behind.
    const auto check = [&]() -> Result<Found> {
        auto found = find_backup(store, service.region(), *arn);
        if (!found) return found;
        auto verified = store.verify(found->backup.id, service.wall_ms());
        if (!verified) return fail(told(verified.error(), *arn));
        return found;
    };
    const auto found = co_await service.reading().run(check);
    if (!found) co_return std::unexpected(found.error());
    const auto wanted = restored_table(found->table, *name, call.body);
    if (!wanted) co_return std::unexpected(wanted.error());

    const Fill fill = [&](TablePtr table) { return restore_content(service, store, found->backup, std::move(table)); };
    const auto restored = co_await restore_table(service, *wanted, fill);
    if (!restored) co_return std::unexpected(told(restored.error(), *arn));
    json::object from{{"SourceBackupArn", *arn}, {"SourceTableArn", table_arn(service.region(), found->table.name)}};
    from["RestoreDateTime"] = seconds(found->backup.created_ms);
    co_return restore_answer(service.region(), **restored, std::move(from));
}

}  // namespace

Result<Backup> find_backup(const Service& service, const std::string& arn) {
    auto found = find_backup(store_of(service), service.region(), arn);
    if (!found) return fail(found.error());
    return std::move(found->backup);
}

Result<void> tag_backup(
    const Service& service, std::string_view id, std::vector<std::pair<std::string, std::string>> tags
) {
    const auto tagged = store_of(service).set_tags(id, std::move(tags));
    if (!tagged) return fail(tagged.error());
    return {};
}

io::Task<Result<Backup>> back_up(Service& service, Backup facts, TablePtr table) {
    const changelog::View moment = service.log().snapshot();
    const std::string prefix = storage_prefix(table->number);
    const BackupStore store = store_of(service);
    const auto work = [&]() -> Result<Backup> {
        const BackupStore::Content content = [&](const BackupStore::Visit& visit) {
            const auto without_number = [&](std::string_view key, std::string_view value) {
                return visit(key.substr(prefix.size()), value);
            };
            return moment.scan(service.storage().data, changelog::KeyRange::prefix(prefix), without_number);
        };
        return store.create(facts, content);
    };
    co_return co_await service.reading().run(work);
}

io::Task<Result<void>> remove_expired_backups(Service& service) {
    const auto work = [store = store_of(service), now = service.wall_ms()]() -> Result<void> {
        const auto list = store.list();
        if (!list) return fail(list.error());
        for (const auto& backup : list->backups) {
            if (backup.expires_ms == 0 || backup.expires_ms > now) continue;
            if (auto removed = store.remove(backup.id); !removed) return removed;
        }
        return {};
    };
    co_return co_await service.reading().run(work);
}

io::Task<Result<void>> collect_backups(Service& service) {
    const BackupStore store = store_of(service);
    BackupStore opening = store;
    const auto open = [&] { return opening.open(); };
    const auto opened = co_await service.reading().run(open);
    if (!opened) co_return fail(opened.error());
    co_return co_await remove_unfinished_restores(service);
}

void add_backup_operations(Operations& to) {
    using sigv4::Permission;
    to["CreateBackup"] = {.permission = Permission::admin, .handler = create_backup};
    to["DescribeBackup"] = {.permission = Permission::read, .handler = describe_backup};
    to["ListBackups"] = {.permission = Permission::read, .handler = list_backups};
    to["DeleteBackup"] = {.permission = Permission::admin, .handler = delete_backup};
    to["RestoreTableFromBackup"] = {.permission = Permission::admin, .handler = restore_table_from_backup};
}

}  // namespace cloudshelf::tables
