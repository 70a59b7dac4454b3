#include "controller/backup_keeper.hpp"

#include "io/log.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration first_look = 10s;  // whoever begins to lead may have a region to recover
constexpr Duration look_every = 1min;
constexpr Duration patience = 10s;
constexpr Duration backup_limit = 10min;  // a big table's takes that long; the answer comes when it is whole

std::int64_t wall_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string text_in(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

const json::array& list_in(const json::object& object, std::string_view name) {
    static const json::array none;
    const auto* found = object.if_contains(name);
    return found && found->is_array() ? found->as_array() : none;
}

io::Task<Result<std::map<std::string, std::string>>> tags_of(tables_client::Client& client, std::string arn) {
    std::map<std::string, std::string> tags;
    json::object question{{"ResourceArn", arn}};
    for (;;) {
        const auto page =
            co_await client.ask("DynamoDB_20120810.ListTagsOfResource", question, io::Deadline::after(patience));
        if (!page) co_return fail(page.error());
        for (const auto& tag : list_in(*page, "Tags")) {
            if (tag.is_object()) tags[text_in(tag.as_object(), "Key")] = text_in(tag.as_object(), "Value");
        }
        if (!page->contains("NextToken")) co_return tags;
        question["NextToken"] = page->at("NextToken");
    }
}

/// The backups of a table, with their tags.
io::Task<Result<std::vector<core::KeptBackup>>> backups_of(tables_client::Client& client, std::string table) {
    std::vector<core::KeptBackup> kept;
    json::object question{{"TableName", table}};
    for (;;) {
        const auto page = co_await client.ask("DynamoDB_20120810.ListBackups", question, io::Deadline::after(patience));
        if (!page) co_return fail(page.error());
        for (const auto& summary : list_in(*page, "BackupSummaries")) {
            if (!summary.is_object()) continue;
            const json::object& backup = summary.as_object();
            const auto* created = backup.if_contains("BackupCreationDateTime");
            const double seconds = created && created->is_number() ? created->to_number<double>() : 0;
            kept.push_back({
                .id = text_in(backup, "BackupArn"),
                .name = text_in(backup, "BackupName"),
                .table = table,
                .created_ms = static_cast<std::int64_t>(seconds * 1000),
                .available = text_in(backup, "BackupStatus") == "AVAILABLE",
            });
        }
        const auto last = text_in(*page, "LastEvaluatedBackupArn");
        if (last.empty()) break;
        question["ExclusiveStartBackupArn"] = last;
    }
    for (auto& backup : kept) {
        auto tags = co_await tags_of(client, backup.id);
        if (!tags) co_return fail(tags.error());
        backup.tags = std::move(*tags);
    }
    co_return kept;
}

}  // namespace

io::Task<void> BackupKeeper::note(const SiteConfig& site, std::string what, std::string table, std::string arn) {
    io::log(io::Level::info, "controller.backup", {{"what", what}, {"region", site.region.value()}, {"backup", arn}});
    const json::object data{
        {"application", config_.name},
        {"region", site.region.value()},
        {"table", table},
        {"what", what},
        {"backup", arn}
    };
    const std::string text = json::serialize(data);
    const auto noted = co_await services_.store.append(0, "", "backup", text);
    if (noted) co_return;
    // The backup is there, or gone, all the same; its tags say by whom.
    io::log(io::Level::warning, "controller.backup-not-noted", {{"why", noted.error().message}});
}

io::Task<Result<void>> BackupKeeper::make(
    tables_client::Client& client, const SiteConfig& site, const std::string& table, core::BackupWork::Make wanted
) {
    std::string arn = wanted.untagged;
    if (arn.empty()) {
        json::object order{{"TableName", table}, {"BackupName", wanted.name}};
        const auto made =
            co_await client.tell("DynamoDB_20120810.CreateBackup", std::move(order), io::Deadline::after(backup_limit));
        if (!made) co_return fail(made.error());
        const auto* details = made->if_contains("BackupDetails");
        if (details && details->is_object()) arn = text_in(details->as_object(), "BackupArn");
    }
    json::array tags;
    for (const auto& [key, value] : wanted.tags) tags.push_back(json::object{{"Key", key}, {"Value", value}});
    json::object order{{"ResourceArn", arn}, {"Tags", std::move(tags)}};
    const auto tagged =
        co_await client.tell("DynamoDB_20120810.TagResource", std::move(order), io::Deadline::after(patience));
    if (!tagged) co_return fail(tagged.error());
    co_await note(site, "made", table, arn);
    co_return Result<void>();
}

io::Task<Result<void>> BackupKeeper::keep(const SiteConfig& site, const TableBackupConfig& wanted) {
    tables_client::Client client(services_.executor, *site.tables);
    const auto kept = co_await backups_of(client, wanted.table);
    if (!kept) co_return fail(kept.error());
    const auto work = core::backup_work(wanted.backup, wanted.table, *kept, wall_ms());
    if (work.make) {
        const auto made = co_await make(client, site, wanted.table, *work.make);
        if (!made) co_return made;  // what is old stays while nothing new is made
    }
    for (const auto& arn : work.expired) {
        json::object order{{"BackupArn", arn}};
        const auto gone =
            co_await client.tell("DynamoDB_20120810.DeleteBackup", std::move(order), io::Deadline::after(patience));
        if (!gone) co_return fail(gone.error());
        co_await note(site, "expired", wanted.table, arn);
    }
    co_return Result<void>();
}

io::Task<void> BackupKeeper::run() {
    if (config_.table_backups.empty()) co_return;
    co_await io::wait_for(first_look);
    for (;;) {
        for (const auto& site : config_.sites) {
            if (!site.tables) continue;
            for (const auto& wanted : config_.table_backups) {
                const auto done = co_await keep(site, wanted);
                std::string& told = told_[site.region.value() + "/" + wanted.table];
                if (!done && told != done.error().code) {
                    io::log(
                        io::Level::warning,
                        "controller.backup-failed",
                        {{"region", site.region.value()}, {"table", wanted.table}, {"why", done.error().message}}
                    );
                }
                told = done ? std::string() : done.error().code;
            }
        }
        co_await io::wait_for(look_every);
    }
}

}  // namespace cloudshelf::controller
