#include "region/functions/metrics_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace cloudshelf::functions {
namespace {

void head(std::string& to, std::string_view name, std::string_view kind, std::string_view help) {
    fmt::format_to(std::back_inserter(to), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, kind);
}

template <class Value>
void one(std::string& to, std::string_view name, std::string_view kind, std::string_view help, Value value) {
    head(to, name, kind, help);
    fmt::format_to(std::back_inserter(to), "{} {}\n", name, value);
}

}  // namespace

void append_log_metrics(std::string& to, const changelog::Metrics& log) {
    one(to, "cloudshelf_functions_commits_total", "counter", "Commits, each with one fsync.", log.groups);
    one(to,
        "cloudshelf_functions_disk_full",
        "gauge",
        "1: changes and events are refused until there is space.",
        log.disk_full ? 1 : 0);
    one(to,
        "cloudshelf_functions_needs_reopening",
        "gauge",
        "1: a commit failed, writes are refused until the data is opened anew.",
        log.needs_reopening ? 1 : 0);
}

void append_catalogue_metrics(std::string& to, const Catalogue& catalogue) {
    std::set<std::string, std::less<>> digests;
    std::uint64_t versions = 0;
    const auto functions = catalogue.all();
    for (const auto& function : functions) {
        versions += 1 + function->published.size();
        add_digests(*function, digests);
    }
    one(to, "cloudshelf_functions_functions", "gauge", "Functions.", functions.size());
    one(to, "cloudshelf_functions_versions", "gauge", "Versions of all functions, $LATEST among them.", versions);
    one(to, "cloudshelf_functions_packages", "gauge", "Packages that versions are made of.", digests.size());
}

void append_provisioned_metrics(std::string& to, const Catalogue& catalogue, const Runner& runner) {
    constexpr std::string_view name = "cloudshelf_functions_provisioned";
    head(to, name, "gauge", "Environments that are kept ready: wanted, and up.");
    for (const auto& function : catalogue.all()) {
        for (const auto& [version, environments] : provisioned_versions(*function)) {
            const auto now = runner.provisioned(function->name, version);
            fmt::format_to(
                std::back_inserter(to),
                "{0}{{function=\"{1}\",version=\"{2}\",which=\"wanted\"}} {3}\n"
                "{0}{{function=\"{1}\",version=\"{2}\",which=\"up\"}} {4}\n",
                name,
                function->name,
                version,
                environments,
                now.allocated
            );
        }
    }
}

void append_event_metrics(
    std::string& to,
    const EventQueue::Size& size,
    const std::map<std::string, std::uint64_t, std::less<>>& ended,
    std::int64_t now_ms
) {
    const auto age_ms = size.events == 0 ? 0 : std::max<std::int64_t>(0, now_ms - size.oldest_accepted_ms);
    one(to, "cloudshelf_functions_events_queued", "gauge", "Events that are not over.", size.events);
    one(to,
        "cloudshelf_functions_events_oldest_seconds",
        "gauge",
        "Age of the oldest event that is not over.",
        static_cast<double>(age_ms) / 1000);
    constexpr std::string_view name = "cloudshelf_functions_events_ended_total";
    head(to, name, "counter", "Events that are over, by how they ended.");
    for (const auto& [condition, count] : ended)
        fmt::format_to(std::back_inserter(to), "{}{{condition=\"{}\"}} {}\n", name, condition, count);
}

}  // namespace cloudshelf::functions
