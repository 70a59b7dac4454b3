#include "region/tables/restore.hpp"

#include "region/log/identity.hpp"
#include "region/tables/backup_request.hpp"
#include "region/tables/dropped.hpp"
#include "region/tables/item_store.hpp"
#include "wire/dynamodb/errors.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <array>
#include <set>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;
namespace json = boost::json;

constexpr std::size_t restored_at_once = 64;  // items of one decision: writers wait behind no more than that

/// While it is there, the table whose id it holds is not whole: a start that finds it removes that table.
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

/// `id`: of the table that was being made; one that took its name since then stays.
io::Task<Result<void>> remove_unfinished(Service& service, std::string name, std::string id) {
    Catalogue::Change removal = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        batch.erase(service.storage().backups, unfinished_key(name));
        if (current == nullptr) return std::nullopt;
        if (current->id != id) return *current;
        drop(batch, service.storage(), *current);
        return std::nullopt;
    };
    const auto removed = co_await service.catalogue().change(name, std::move(removal));
    if (!removed) co_return fail(removed.error());
    service.run_behind(erase_dropped(service));
    co_return Result<void>();
}

}  // namespace

Result<Table> restored_table(Table table, std::string name, const json::object& body) {
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
    static constexpr std::array<std::string_view, 2> modes{"PROVISIONED", "PAY_PER_REQUEST"};
    Constraints constraints;
    const auto mode = constraints.text(body, "", "BillingModeOverride", Needed::no, {.words = modes});
    if (auto verdict = constraints.verdict(); !verdict) return fail(verdict.error());
    if (mode) table.on_demand = *mode == "PAY_PER_REQUEST";
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

io::Task<Result<TablePtr>> restore_table(Service& service, Table wanted, Fill fill) {
    const std::string name = wanted.name;
    Catalogue& catalogue = service.catalogue();
    Catalogue::Change creation = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current != nullptr) {
            return fail(Error{.code = "TableAlreadyExistsException", .message = "Table already exists: " + name});
        }
        Table table = wanted;
        table.created_ms = batch.wall_ms();
        const auto number = catalogue.next_number(batch);
        if (!number) return fail(number.error());
        table.number = *number;
        for (Index& index : table.indexes) {
            const auto of_index = catalogue.next_number(batch);
            if (!of_index) return fail(of_index.error());
            index.number = *of_index;
        }
        batch.put(service.storage().backups, unfinished_key(name), wanted.id);
        return table;
    };
    const auto created = co_await catalogue.change(name, std::move(creation));
    if (!created) co_return fail(created.error());
    const TablePtr table = *created;
    Catalogue::Change completion = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current == nullptr || current->id != table->id) return fail(no_table(name));
        batch.erase(service.storage().backups, unfinished_key(name));
        Table whole = *current;
        whole.status = TableStatus::active;
        return whole;
    };
    auto made = co_await fill(table);
    if (made) {
        const auto completed = co_await catalogue.change(name, std::move(completion));
        if (completed) co_return completed;
        made = fail(completed.error());
    }
    // What cannot be removed now, a start removes.
    (void)co_await remove_unfinished(service, name, table->id);
    co_return fail(made.error());
}

io::Task<Result<void>> restore_content(
    Service& service, const BackupStore& store, const Backup& backup, TablePtr table
) {
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

std::string restore_answer(const RegionName& region, const Table& table, json::object summary) {
    summary["RestoreInProgress"] = true;
    json::object told_table{
        {"TableName", table.name},
        {"TableId", table.id},
        {"TableArn", table_arn(region, table.name)},
        {"TableStatus", "CREATING"},
        {"KeySchema", key_schema(table.key)},
        {"CreationDateTime", seconds(table.created_ms)},
        {"ItemCount", 0},
        {"TableSizeBytes", 0},
        {"RestoreSummary", std::move(summary)}
    };
    return json::serialize(json::object{{"TableDescription", std::move(told_table)}});
}

io::Task<Result<void>> remove_unfinished_restores(Service& service) {
    std::vector<std::pair<std::string, std::string>> unfinished;  // name, id
    const std::string prefix = unfinished_key("");
    const auto note = [&](std::string_view key, std::string_view id) {
        unfinished.emplace_back(key.substr(prefix.size()), id);
        return true;
    };
    const auto scanned =
        service.log().view().scan(service.storage().backups, changelog::KeyRange::prefix(prefix), note);
    if (!scanned) co_return fail(scanned.error());
    for (const auto& [name, id] : unfinished) {
        auto removed = co_await remove_unfinished(service, name, id);
        if (!removed) co_return removed;
    }
    co_return Result<void>();
}

}  // namespace cloudshelf::tables
