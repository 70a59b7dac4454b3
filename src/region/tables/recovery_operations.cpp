// Continuous backups and recovery to a point in time.
#include "region/tables/backup_request.hpp"
#include "region/tables/constraints.hpp"
#include "region/tables/continuous_backups.hpp"
#include "region/tables/item_request.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/restore.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/errors.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cmath>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;
namespace json = boost::json;

constexpr std::int64_t recovery_days_max = 35;

io::Task<Answer> answer_description(Service& service, TablePtr table) {
    json::object recovery{{"PointInTimeRecoveryStatus", table->point_in_time ? "ENABLED" : "DISABLED"}};
    if (table->point_in_time) {
        recovery["RecoveryPeriodInDays"] = table->recovery_days;
        const auto look = [&] { return recovery_window(service, *table); };
        const auto window = co_await service.reading().run(look);
        if (!window) co_return std::unexpected(told(window.error(), table->name));
        // Until its first snapshot is whole a table can be put back to no moment at all.
        const auto from = *window ? (*window)->from_ms : service.wall_ms();
        recovery["EarliestRestorableDateTime"] = seconds(from);
        recovery["LatestRestorableDateTime"] = seconds(*window ? (*window)->until_ms : from);
    }
    const json::object description{
        {"ContinuousBackupsStatus", "ENABLED"}, {"PointInTimeRecoveryDescription", std::move(recovery)}
    };
    co_return json::serialize(json::object{{"ContinuousBackupsDescription", description}});
}

io::Task<Answer> describe_continuous_backups(Call call) {
    const auto name = read_table_name(call.body);
    if (!name) co_return std::unexpected(name.error());
    const auto table = call.service.catalogue().find(*name);
    if (!table) co_return std::unexpected(no_table(*name));
    co_return co_await answer_description(call.service, table);
}

/// Answers when the first snapshot is whole: from then on the table can be put back.
io::Task<Answer> update_continuous_backups(Call call) {
    const auto name = read_table_name(call.body);
    if (!name) co_return std::unexpected(name.error());
    Constraints constraints;
    std::optional<bool> enabled;
    std::optional<std::int64_t> days;
    if (const auto* wish = constraints.structure(call.body, "", "PointInTimeRecoverySpecification", Needed::yes)) {
        constexpr std::string_view inside = "pointInTimeRecoverySpecification.";
        enabled = constraints.flag(*wish, inside, "PointInTimeRecoveryEnabled", Needed::yes);
        days = constraints.number(*wish, inside, "RecoveryPeriodInDays", Needed::no, 1, recovery_days_max);
    }
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    Catalogue::Change change = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current == nullptr) return fail(no_table(*name));
        Table table = *current;
        if (*enabled && !table.point_in_time) table.point_in_time_since_ms = batch.wall_ms();
        table.point_in_time = *enabled;
        table.recovery_days = static_cast<int>(*enabled ? days.value_or(recovery_days_max) : recovery_days_max);
        return table;
    };
    const auto changed = co_await service.catalogue().change(*name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    const auto kept = co_await keep_continuous_backups_once(service);
    if (!kept) co_return std::unexpected(told(kept.error(), *name));
    co_return co_await answer_description(service, *changed);
}

/// The moment that is asked for, in milliseconds; a whole second stands for all of it.
Result<std::int64_t> moment_of(const json::object& body, const RecoveryWindow& window) {
    const auto* latest = body.if_contains("UseLatestRestorableTime");
    const auto* moment = body.if_contains("RestoreDateTime");
    if (latest && !latest->is_null() && !latest->is_bool()) return fail(errors::serialization());
    const bool at_latest = latest && latest->is_bool() && latest->get_bool();
    const bool at_moment = moment && !moment->is_null();
    if (at_latest == at_moment) {
        return fail(errors::validation("One of RestoreDateTime and UseLatestRestorableTime has to be there"));
    }
    if (at_latest) return window.until_ms;
    if (!moment->is_number()) return fail(errors::serialization());
    const double asked = moment->to_number<double>();
    constexpr double moment_max = 1e12;
    const bool sane = std::isfinite(asked) && asked >= 0 && asked < moment_max;
    const auto second = static_cast<std::int64_t>(sane ? std::floor(asked) : 0);
    const auto at = second * 1000 + 999;
    if (!sane || at < window.from_ms || second * 1000 > window.until_ms) {
        return fail(Error{
            .code = "InvalidRestoreTimeException",
            .message = fmt::format(
                "RestoreDateTime has to lie between {:.3f} and {:.3f} (seconds since 1970)",
                seconds(window.from_ms),
                seconds(window.until_ms)
            )
        });
    }
    return std::min(at, window.until_ms);
}

io::Task<Answer> restore_to_point_in_time(Call call) {
    Constraints constraints;
    const auto target = constraints.text(call.body, "", "TargetTableName", Needed::yes, new_name_limits);
    auto source_name = constraints.text(call.body, "", "SourceTableName", Needed::no, table_limits);
    if (!source_name) source_name = constraints.text(call.body, "", "SourceTableArn", Needed::no, table_limits);
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    if (!source_name) {
        co_return std::unexpected(errors::validation("One of SourceTableName and SourceTableArn has to be there"));
    }
    Service& service = call.service;
    const TablePtr source = service.catalogue().find(table_name_of(*source_name));
    if (!source) co_return std::unexpected(no_table(*source_name));
    const auto look = [&]() -> Result<std::optional<RecoveryWindow>> {
        if (!source->point_in_time) return std::nullopt;
        return recovery_window(service, *source);
    };
    const auto window = co_await service.reading().run(look);
    if (!window) co_return std::unexpected(told(window.error(), source->name));
    if (!*window) {
        co_return std::unexpected(Error{
            .code = "PointInTimeRecoveryUnavailableException",
            .message = "Point in time recovery is not enabled for table '" + source->name + "'"
        });
    }
    const auto at = moment_of(call.body, **window);
    if (!at) co_return std::unexpected(at.error());
    const auto wanted = restored_table(*source, *target, call.body);
    if (!wanted) co_return std::unexpected(wanted.error());
    const Fill fill = [&](TablePtr table) { return restore_moment(service, source, *at, std::move(table)); };
    const auto restored = co_await restore_table(service, *wanted, fill);
    if (!restored) co_return std::unexpected(told(restored.error(), source->name));
    json::object summary{{"SourceTableArn", table_arn(service.region(), source->name)}};
    summary["RestoreDateTime"] = seconds(*at);
    co_return restore_answer(service.region(), **restored, std::move(summary));
}

}  // namespace

void add_recovery_operations(Operations& to) {
    using sigv4::Permission;
    to["UpdateContinuousBackups"] = {.permission = Permission::admin, .handler = update_continuous_backups};
    to["DescribeContinuousBackups"] = {.permission = Permission::read, .handler = describe_continuous_backups};
    to["RestoreTableToPointInTime"] = {.permission = Permission::admin, .handler = restore_to_point_in_time};
}

}  // namespace cloudshelf::tables
