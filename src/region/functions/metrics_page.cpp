#include "region/functions/metrics_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
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

void append_environment_metrics(std::string& to, const Metrics& environments) {
    constexpr std::string_view states = "cloudshelf_functions_environments";
    head(to, states, "gauge", "Processes that run functions, by what they do.");
    const std::pair<const char*, std::size_t> by_state[]{
        {"starting", environments.starting},
        {"idle", environments.idle},
        {"resting", environments.resting},
        {"busy", environments.busy},
        {"ending", environments.ending},
    };
    for (const auto& [state, count] : by_state) {
        fmt::format_to(std::back_inserter(to), "{}{{state=\"{}\"}} {}\n", states, state, count);
    }
    const auto count = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        one(to, fmt::format("cloudshelf_functions_{}_total", name), "counter", help, value);
    };
    count("invocations", "Invocations that were handed to a function, or failed before.", environments.invocations);
    count("cold_starts", "Invocations that waited for an environment to start.", environments.cold_starts);
    count("throttles", "Invocations refused for want of concurrency.", environments.throttles);
    count("timeouts", "Invocations that took longer than their function may.", environments.timeouts);
    count("memory_kills", "Processes that the kernel killed for want of memory.", environments.memory_kills);
    count("environments_started", "Environments that were started.", environments.environments_started);
    count(
        "environments_not_started",
        "Environments that the machine had nothing left for.",
        environments.environments_not_started
    );
    count("users_lost", "Processes of an ended environment that could not be killed.", environments.users_lost);
    count("log_bytes_dropped", "Bytes of functions' logs beyond their limits.", environments.log_bytes_dropped);
    constexpr std::string_view errors = "cloudshelf_functions_errors_total";
    head(to, errors, "counter", "Invocations that ended with an error, by its type.");
    for (const auto& [type, times] : environments.errors_by_type) {
        fmt::format_to(std::back_inserter(to), "{}{{type=\"{}\"}} {}\n", errors, type, times);
    }
    one(to,
        "cloudshelf_functions_invocation_seconds_total",
        "counter",
        "How long invocations took, all together.",
        std::chrono::duration<double>(environments.duration_sum).count());
}

}  // namespace cloudshelf::functions
