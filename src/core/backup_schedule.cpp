#include "core/backup_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace cloudshelf::core {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr int retention_days_max = 36'500;

std::optional<int> retention_days(const KeptBackup& backup) {
    const auto tag = backup.tags.find("RetentionDays");
    if (tag == backup.tags.end()) return std::nullopt;
    const std::string& text = tag->second;
    int days = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (days < 1 || days > retention_days_max) return std::nullopt;
    return days;
}

/// Made for the plan, by a leader: people's own backups are neither counted nor touched by the schedule.
bool of_plan(const TableBackup& plan, const KeptBackup& backup) {
    const auto wanted = plan.tags.find("BackupType");
    const auto has = backup.tags.find("BackupType");
    if (wanted == plan.tags.end()) return backup.tags.contains("RetentionDays");
    return has != backup.tags.end() && has->second == wanted->second;
}

std::int64_t interval_ms(const TableBackup& plan) {
    return std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(plan.every).count());
}

/// The one that is left when all others go: a verified one, where there is any.
const KeptBackup* last_resort(const std::vector<const KeptBackup*>& backups) {
    const KeptBackup* best = nullptr;
    for (const KeptBackup* backup : backups) {
        if (!backup->available) continue;
        const auto rank = [](const KeptBackup& of) { return std::pair(of.verified, of.created_ms); };
        if (best == nullptr || rank(*best) < rank(*backup)) best = backup;
    }
    return best;
}

}  // namespace

std::string backup_name(const TableBackup& plan, std::int64_t now_ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> now{std::chrono::milliseconds(now_ms)};
    const auto midnight = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day day{midnight};
    std::string date = fmt::format(
        "{:04}-{:02}-{:02}",
        static_cast<int>(day.year()),
        static_cast<unsigned>(day.month()),
        static_cast<unsigned>(day.day())
    );
    if (interval_ms(plan) < day_ms) {
        const auto minutes = std::chrono::floor<std::chrono::minutes>(now - midnight).count();
        date += fmt::format("-{:02}{:02}", minutes / 60, minutes % 60);
    }
    std::string name = plan.name;
    constexpr std::string_view placeholder = "{date}";
    if (const auto at = name.find(placeholder); at != std::string::npos) name.replace(at, placeholder.size(), date);
    return name;
}

BackupWork backup_work(
    const TableBackup& plan, std::string_view table, const std::vector<KeptBackup>& kept, std::int64_t now_ms
) {
    std::vector<const KeptBackup*> ours;
    for (const KeptBackup& backup : kept) {
        if (backup.table == table && of_plan(plan, backup)) ours.push_back(&backup);
    }
    std::ranges::sort(ours, {}, &KeptBackup::created_ms);

    BackupWork work;
    const std::int64_t interval = interval_ms(plan);
    const auto interval_of = [interval](std::int64_t ms) { return ms / interval; };
    // A backup from the future (a clock that was set back) counts as made: otherwise each look would make another.
    const bool made = !ours.empty() && interval_of(ours.back()->created_ms) >= interval_of(now_ms);
    if (!made) {
        work.make = BackupWork::Make{.name = backup_name(plan, now_ms), .tags = plan.tags};
        const auto days = std::chrono::duration_cast<std::chrono::days>(plan.retention).count();
        work.make->tags.try_emplace("RetentionDays", std::to_string(days));
        const auto is_left = [&](const KeptBackup& backup) {
            return backup.table == table && backup.name == work.make->name && backup.tags.empty();
        };
        const auto left = std::ranges::find_if(kept, is_left);
        if (left != kept.end()) work.make->untagged = left->id;
    }
    const KeptBackup* keep = last_resort(ours);
    for (const KeptBackup* backup : ours) {
        const auto days = retention_days(*backup);
        if (backup == keep || !backup->available || !days) continue;
        if (now_ms - backup->created_ms >= *days * day_ms) work.expired.push_back(backup->id);
    }
    return work;
}

}  // namespace cloudshelf::core
