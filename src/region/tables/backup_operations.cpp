#include "region/tables/backup_operations.hpp"

#include "region/log/identity.hpp"
#include "region/tables/backup_store.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/errors.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;
namespace json = boost::json;

constexpr std::int64_t list_limit_max = 100;
constexpr std::size_t restored_at_once = 64;  // items of one decision: writers wait behind no more than that

BackupStore store_of(const Service& service) {
    return BackupStore({.folder = service.options().data / "backups"});
}

// --- Names -----------------------------------------------------------------------------------------------------------

std::string backup_arn(const RegionName& region, const Table& table, const Backup& backup) {
    return table_arn(region, table.name) + "/backup/" + backup.id;
}

Error no_backup(std::string_view arn) {
    return {.code = "BackupNotFoundException", .message = fmt::format("Backup not found: {}", arn)};
}

Error no_table(std::string_view name) {
    return {.code = "TableNotFoundException", .message = fmt::format("Table not found: {}", name)};
}

/// What the store says, as a client is told it. A damaged backup names its file: the operator has to know.
Error told(const Error& error, std::string_view arn) {
    if (error.code == "backup.not-found") return no_backup(arn);
    if (error.code.starts_with("backup.") || error.code.starts_with("io.")) return errors::internal(error.message);
    return error;
}

struct Text {
    std::size_t length_min = 0;
    std::size_t length_max = 0;
    bool name = false;  // only letters, digits and _.-
};

/// A member that is a string. Errors: as DynamoDB words them.
Result<std::optional<std::string>> read_text(const json::object& body, std::string_view member, const Text& limits) {
    const json::value* value = body.if_contains(member);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_string()) return fail(errors::serialization());
    const std::string text = json::value_to<std::string>(*value);
    std::string path(member);
    path[0] = static_cast<char>(path[0] | 0x20);
    const auto violated = [&](std::string_view rule) {
        return fail(errors::validation(fmt::format(
            "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must {}",
            text,
            path,
            rule
        )));
    };
    if (text.size() < limits.length_min) {
        return violated(fmt::format("have length greater than or equal to {}", limits.length_min));
    }
    if (text.size() > limits.length_max) {
        return violated(fmt::format("have length less than or equal to {}", limits.length_max));
    }
    constexpr std::string_view others = "_.-";
    const auto fits = [&](unsigned char c) { return std::isalnum(c) != 0 || others.contains(static_cast<char>(c)); };
    if (limits.name && !std::ranges::all_of(text, fits)) {
        return violated("satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
    return text;
}

Result<std::string> need_text(const json::object& body, std::string_view member, const Text& limits) {
    auto text = read_text(body, member, limits);
    if (!text) return fail(text.error());
    if (*text) return std::move(**text);
    std::string path(member);
    path[0] = static_cast<char>(path[0] | 0x20);
    return fail(errors::validation(fmt::format(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null", path
    )));
}

constexpr Text table_limits{.length_min = 1, .length_max = 1024};
constexpr Text new_name_limits{.length_min = 3, .length_max = 255, .name = true};
constexpr Text arn_limits{.length_min = 37, .length_max = 1024};

/// A table's name, or its ARN.
std::string name_in(std::string_view name_or_arn) {
    const auto slash = name_or_arn.find('/');
    return std::string(slash == std::string_view::npos ? name_or_arn : name_or_arn.substr(slash + 1));
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

double seconds(std::int64_t milliseconds) {
    return static_cast<double>(milliseconds) / 1000;
}

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

json::array key_schema(const dynamodb::KeySchema& key) {
    json::array schema{json::object{{"AttributeName", key.hash.name}, {"KeyType", "HASH"}}};
    if (key.sort) schema.push_back(json::object{{"AttributeName", key.sort->name}, {"KeyType", "RANGE"}});
    return schema;
}

json::object throughput(std::int64_t read, std::int64_t write) {
    return {{"ReadCapacityUnits", read}, {"WriteCapacityUnits", write}};
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

/// Answers when the backup is whole and durable, and says CREATING all the same, as clients expect.
io::Task<Answer> create_backup(Call call) {
    const auto table_name = need_text(call.body, "TableName", table_limits);
    if (!table_name) co_return std::unexpected(table_name.error());
    const auto name = need_text(call.body, "BackupName", new_name_limits);
    if (!name) co_return std::unexpected(name.error());
    Service& service = call.service;
    const TablePtr table = service.catalogue().find(name_in(*table_name));
    if (!table) co_return std::unexpected(no_table(*table_name));
    if (table->status == TableStatus::creating || table->status == TableStatus::deleting) {
        co_return std::unexpected(
            Error{.code = "TableInUseException", .message = "Table is being created or deleted: " + table->name}
        );
    }
    const changelog::View moment = service.log().snapshot();
    const Backup facts{.name = *name, .table = encode_table(*table), .created_ms = service.wall_ms()};
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
    auto created = co_await service.reading().run(work);
    if (!created) co_return std::unexpected(told(created.error(), *name));
    auto found = with_table(service.region(), std::move(*created));
    if (!found) co_return std::unexpected(found.error());
    co_return json::serialize(json::object{{"BackupDetails", details(*found, "CREATING")}});
}

io::Task<Answer> describe_backup(Call call) {
    const auto arn = need_text(call.body, "BackupArn", arn_limits);
    if (!arn) co_return std::unexpected(arn.error());
    Service& service = call.service;
    const BackupStore store = store_of(service);
    const auto work = [&] { return find_backup(store, service.region(), *arn); };
    const auto found = co_await service.reading().run(work);
    if (!found) co_return std::unexpected(found.error());
    co_return json::serialize(json::object{{"BackupDescription", description(*found, service.region())}});
}

io::Task<Answer> delete_backup(Call call) {
    const auto arn = need_text(call.body, "BackupArn", arn_limits);
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
    ListWish wish;
    auto table = read_text(body, "TableName", table_limits);
    if (!table) return fail(table.error());
    if (*table) wish.table = name_in(**table);
    auto after = read_text(body, "ExclusiveStartBackupArn", arn_limits);
    if (!after) return fail(after.error());
    wish.after = *after;
    auto type = read_text(body, "BackupType", {.length_min = 0, .length_max = 64});
    if (!type) return fail(type.error());
    wish.type = type->value_or("USER");
    static const std::set<std::string_view> types{"USER", "SYSTEM", "AWS_BACKUP", "ALL"};
    if (!types.contains(wish.type)) {
        return fail(errors::validation(fmt::format(
            "1 validation error detected: Value '{}' at 'backupType' failed to satisfy constraint: Member must "
            "satisfy enum value set: [SYSTEM, AWS_BACKUP, USER, ALL]",
            wish.type
        )));
    }
    if (const auto* limit = body.if_contains("Limit"); limit != nullptr && !limit->is_null()) {
        if (!limit->is_int64()) return fail(errors::serialization());
        wish.limit = limit->as_int64();
        if (wish.limit < 1 || wish.limit > list_limit_max) {
            return fail(errors::validation(fmt::format(
                "1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must have "
                "value {} than or equal to {}",
                wish.limit,
                wish.limit < 1 ? "greater" : "less",
                wish.limit < 1 ? 1 : list_limit_max
            )));
        }
    }
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

/// What a restored table is: the backup's, under another name, without what DynamoDB does not restore either.
Result<Table> restored_table(const Found& found, std::string name, const json::object& body) {
    Table table = found.table;
    table.name = std::move(name);
    table.id = changelog::draw_log_id().value();
    for (const std::size_t dash : {8, 13, 18, 23}) table.id.insert(dash, 1, '-');
    table.status = TableStatus::creating;
    table.streams.clear();
    table.ttl_attribute.reset();
    table.replicas.clear();
    table.point_in_time = false;
    table.tags.clear();
    table.deletion_protected = false;
    auto mode = read_text(body, "BillingModeOverride", {.length_min = 0, .length_max = 64});
    if (!mode) return fail(mode.error());
    if (*mode) table.on_demand = **mode == "PAY_PER_REQUEST";
    if (const auto* units = body.if_contains("ProvisionedThroughputOverride"); units != nullptr && units->is_object()) {
        for (const auto& [member, to] :
             {std::pair("ReadCapacityUnits", &table.read_units), {"WriteCapacityUnits", &table.write_units}}) {
            const auto* value = units->as_object().if_contains(member);
            if (value == nullptr || !value->is_int64()) return fail(errors::serialization());
            *to = value->as_int64();
        }
    }
    if (table.on_demand) table.read_units = table.write_units = 0;
    for (const auto& [member, global] :
         {std::pair("GlobalSecondaryIndexOverride", true), {"LocalSecondaryIndexOverride", false}}) {
        const auto* list = body.if_contains(member);
        if (list == nullptr || list->is_null()) continue;
        if (!list->is_array()) return fail(errors::serialization());
        std::set<std::string> kept;
        for (const json::value& index : list->as_array()) {
            const auto* named = index.is_object() ? index.as_object().if_contains("IndexName") : nullptr;
            if (named == nullptr || !named->is_string()) return fail(errors::serialization());
            const Index* known = table.index(named->as_string());
            if (known == nullptr || known->global != global) {
                return fail(errors::validation("The backup has no such index: " + std::string(named->as_string())));
            }
            kept.emplace(named->as_string());
        }
        std::erase_if(table.indexes, [&](const Index& index) {
            return index.global == global && !kept.contains(index.name);
        });
    }
    return table;
}

/// While it is there, the table is not whole: a start that finds it removes the table.
std::string unfinished_key(std::string_view table) {
    return fmt::format("restoring/{}", table);
}

Result<void> restore_item(
    changelog::Batch& batch, const Storage& storage, const Table& table, const BackupStore::Records::value_type& record
) {
    std::string_view value = record.second;
    const auto head = VersionHead::take(value);
    if (!head) return fail(head.error());
    const auto item = StoredItem{.version = head->version, .encoded = std::string(value)}.item();
    if (!item) return fail(item.error());
    const NewItem now(*item);
    const std::string key = item_key(table, now.item);
    const auto was = find_item(batch, storage, key);
    if (!was) return fail(was.error());
    return write_item(batch, storage, table, key, *was, &now, Cause::restored);
}

io::Task<Result<void>> restore_items(Service& service, const BackupStore& store, const Backup& backup, TablePtr table) {
    for (std::size_t chunk = 0; chunk < backup.chunks.size(); ++chunk) {
        const auto read = [&] { return store.read_chunk(backup, chunk); };
        const auto records = co_await service.reading().run(read);
        if (!records) co_return fail(records.error());
        for (std::size_t from = 0; from < records->size(); from += restored_at_once) {
            const std::size_t until = std::min(records->size(), from + restored_at_once);
            changelog::ChangeLog::Decision some = [&](changelog::Batch& batch) -> Result<void> {
                const TablePtr decided = service.catalogue().decided(table->name);
                if (!decided || decided->id != table->id) return fail(no_table(table->name));
                for (std::size_t at = from; at < until; ++at) {
                    auto done = restore_item(batch, service.storage(), *decided, records->at(at));
                    if (!done) return done;
                }
                return {};
            };
            const auto written = co_await service.log().write(std::move(some));
            if (!written) co_return fail(written.error());
        }
    }
    co_return Result<void>();
}

io::Task<Result<void>> remove_unfinished(Service& service, std::string name) {
    Catalogue::Change removal = [&](const Table*, changelog::Batch& batch) -> Result<std::optional<Table>> {
        batch.erase(service.storage().backups, unfinished_key(name));
        return std::nullopt;
    };
    const TablePtr table = service.catalogue().find(name);
    const auto removed = co_await service.catalogue().change(name, std::move(removal));
    if (!removed) co_return fail(removed.error());
    if (!table) co_return Result<void>();
    const Storage& storage = service.storage();
    auto erased = service.log().erase_range(storage.data, changelog::KeyRange::prefix(storage_prefix(table->number)));
    for (const Index& index : table->indexes) {
        if (!erased) break;
        erased = service.log().erase_range(storage.index, changelog::KeyRange::prefix(storage_prefix(index.number)));
    }
    co_return erased;
}

/// Answers when the table is whole: until then it is CREATING, and for a start after a crash it never was.
io::Task<Answer> restore_table_from_backup(Call call) {
    const auto name = need_text(call.body, "TargetTableName", new_name_limits);
    if (!name) co_return std::unexpected(name.error());
    const auto arn = need_text(call.body, "BackupArn", arn_limits);
    if (!arn) co_return std::unexpected(arn.error());
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
    const auto wanted = restored_table(*found, *name, call.body);
    if (!wanted) co_return std::unexpected(wanted.error());

    Catalogue& catalogue = service.catalogue();
    Catalogue::Change creation = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current != nullptr) {
            return fail(Error{.code = "TableAlreadyExistsException", .message = "Table already exists: " + *name});
        }
        Table table = *wanted;
        table.created_ms = batch.wall_ms();
        const auto number = catalogue.next_number(batch);
        if (!number) return fail(number.error());
        table.number = *number;
        for (Index& index : table.indexes) {
            const auto of_index = catalogue.next_number(batch);
            if (!of_index) return fail(of_index.error());
            index.number = *of_index;
        }
        batch.put(service.storage().backups, unfinished_key(*name), *arn);
        return table;
    };
    const auto created = co_await catalogue.change(*name, std::move(creation));
    if (!created) co_return std::unexpected(created.error());
    const TablePtr table = *created;
    const auto restored = co_await restore_items(service, store, found->backup, table);
    if (!restored) {
        // What cannot be removed now, a start removes.
        (void)co_await remove_unfinished(service, *name);
        co_return std::unexpected(told(restored.error(), *arn));
    }
    Catalogue::Change completion = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current == nullptr || current->id != table->id) return fail(no_table(*name));
        batch.erase(service.storage().backups, unfinished_key(*name));
        Table whole = *current;
        whole.status = TableStatus::active;
        return whole;
    };
    const auto completed = co_await catalogue.change(*name, std::move(completion));
    if (!completed) co_return std::unexpected(completed.error());

    json::object summary{
        {"SourceBackupArn", *arn},
        {"SourceTableArn", table_arn(service.region(), found->table.name)},
        {"RestoreDateTime", seconds(found->backup.created_ms)},
        {"RestoreInProgress", true}
    };
    json::object told_table{
        {"TableName", table->name},
        {"TableId", table->id},
        {"TableArn", table_arn(service.region(), table->name)},
        {"TableStatus", "CREATING"},
        {"KeySchema", key_schema(table->key)},
        {"CreationDateTime", seconds(table->created_ms)},
        {"ItemCount", 0},
        {"TableSizeBytes", 0},
        {"RestoreSummary", std::move(summary)}
    };
    co_return json::serialize(json::object{{"TableDescription", std::move(told_table)}});
}

}  // namespace

io::Task<Result<void>> collect_backups(Service& service) {
    const BackupStore store = store_of(service);
    BackupStore opening = store;
    const auto open = [&] { return opening.open(); };
    const auto opened = co_await service.reading().run(open);
    if (!opened) co_return fail(opened.error());
    std::vector<std::string> unfinished;
    const std::string prefix = unfinished_key("");
    const auto note = [&](std::string_view key, std::string_view) {
        unfinished.emplace_back(key.substr(prefix.size()));
        return true;
    };
    const auto scanned =
        service.log().view().scan(service.storage().backups, changelog::KeyRange::prefix(prefix), note);
    if (!scanned) co_return fail(scanned.error());
    for (const std::string& name : unfinished) {
        auto removed = co_await remove_unfinished(service, name);
        if (!removed) co_return removed;
    }
    co_return Result<void>();
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
