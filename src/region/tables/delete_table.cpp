#include "region/tables/delete_table.hpp"

#include "io/log.hpp"
#include "region/tables/backup_operations.hpp"
#include "region/tables/dropped.hpp"
#include "wire/dynamodb/errors.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;
using namespace std::chrono_literals;

constexpr Duration retry_after = 5s;
constexpr std::int64_t kept_ms = std::chrono::milliseconds(24h * 35).count();

io::Task<Result<void>> keep_last_backup(Service& service, TablePtr table) {
    Backup facts{
        .name = table->name + "$DeletedTableBackup", .type = BackupType::system, .table = encode_table(*table)
    };
    facts.created_ms = service.wall_ms();
    facts.expires_ms = facts.created_ms + kept_ms;
    const auto made = co_await back_up(service, std::move(facts), table);
    if (!made) co_return fail(made.error());
    co_return Result<void>();
}

io::Task<Result<void>> remove(Service& service, TablePtr table) {
    if (table->point_in_time) {
        const auto kept = co_await keep_last_backup(service, table);
        if (!kept) co_return kept;
    }
    Catalogue::Change removal = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current == nullptr) return std::nullopt;
        if (current->id != table->id) return *current;
        drop(batch, service.storage(), *current);
        return std::nullopt;
    };
    const auto removed = co_await service.catalogue().change(table->name, std::move(removal));
    if (!removed) co_return fail(removed.error());
    co_return Result<void>();
}

}  // namespace

io::Task<Result<TablePtr>> begin_deleting(Service& service, std::string name) {
    Catalogue::Change change = [&](const Table* current, changelog::Batch&) -> Result<std::optional<Table>> {
        if (current == nullptr) {
            return fail(
                errors::resource_not_found(fmt::format("Requested resource not found: Table: {} not found", name))
            );
        }
        if (current->status == TableStatus::deleting) {
            return fail(errors::resource_in_use("Table is being deleted: " + name));
        }
        if (current->status == TableStatus::creating) {  // it is being restored
            return fail(errors::resource_in_use("Table is being created: " + name));
        }
        if (current->deletion_protected) {
            return fail(errors::validation(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
                "first."
            ));
        }
        if (current->replicated()) {
            return fail(errors::validation(
                "Table " + name + " has replicas: delete them with UpdateTable before the table itself"
            ));
        }
        Table next = *current;
        next.status = TableStatus::deleting;
        return next;
    };
    co_return co_await service.catalogue().change(name, std::move(change));
}

io::Task<void> finish_deleting(Service& service, TablePtr table) {
    while (!service.stopping()) {
        const auto removed = co_await remove(service, table);
        if (removed) break;
        io::log(io::Level::error, "tables.not-deleted", {{"table", table->name}, {"why", removed.error().message}});
        co_await service.pause(retry_after);
    }
    service.run_behind(erase_dropped(service));
}

}  // namespace cloudshelf::tables
