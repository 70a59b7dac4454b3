#include "plan/check.hpp"

#include "plan/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace cloudshelf::plan {
namespace {

using core::Plan;

const std::string& text_of(const std::string& name) {
    return name;
}
template <class Tag>
const std::string& text_of(const Strong<std::string, Tag>& name) {
    return name.value();
}

template <class Items>
std::vector<std::string> names_of(const Items& items) {
    std::vector<std::string> names;
    for (const auto& item : items) names.push_back(text_of(item.name));
    return names;
}

/// The names, when there are few enough to be read.
std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t readable = 30;
    if (names.size() <= readable) return fmt::format("{}", fmt::join(names, ", "));
    return fmt::format("{}, … ({} in all)", fmt::join(names.begin(), names.begin() + readable, ", "), names.size());
}

constexpr std::size_t steps_max = 100;

/// Whether the graph of a procedure can be walked.
bool is_walkable(const core::Procedure& procedure) {
    const auto names = names_of(procedure.steps);
    const std::set<std::string> known(names.begin(), names.end());
    return names.size() <= steps_max && known.size() == names.size() &&
           std::ranges::all_of(
               procedure.steps,
               [&](const core::Step& step) {
                   return std::ranges::all_of(step.after, [&](const std::string& name) {
                       return known.contains(name);
                   });
               }
           ) &&
           core::find_cycle(procedure.steps).empty();
}

class Checker {
public:
    Checker(const Plan& plan, const Readable& readable, const Report& report)
        : plan_(plan), readable_(readable), report_(report) {}

    void run() {
        if (plan_.format != 1)
            problem("format", fmt::format("format {}", plan_.format), "1, the format this program reads", "");
        names();
        regions();
        services();
        data();
        traffic();
        detection_and_safety();
        timing();
        for (std::size_t i = 0; i < plan_.procedures.size(); ++i)
            procedure(plan_.procedures[i], fmt::format("procedures[{}]", i));
        people();
        objectives();
        money();
    }

private:
    void problem(std::string path, std::string found, std::string expected, std::string hint) {
        report_(std::move(path), std::move(found), std::move(expected), std::move(hint));
    }

    template <class Items>
    void unique(const Items& items, std::string_view list) {
        std::set<std::string> seen;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const std::string& name = text_of(items[i].name);
            if (name.empty() || seen.insert(name).second) continue;
            problem(fmt::format("{}[{}].name", list, i), fmt::format("'{}' a second time", name), "each name once", "");
        }
    }

    void reference(
        const std::string& path, const std::string& name, const std::vector<std::string>& known, std::string_view kind
    ) {
        if (name.empty() || std::ranges::find(known, name) != known.end()) return;
        const std::string near = near_miss(name, known);
        problem(
            path,
            fmt::format("'{}'", name),
            known.empty() ? fmt::format("{} of this plan, which has none", kind)
                          : fmt::format("{} of this plan: {}", kind, listed(known)),
            near.empty() ? "" : fmt::format("did you mean \"{}\"?", near)
        );
    }

    template <class Names>
    void references(
        const std::string& path, const Names& names, const std::vector<std::string>& known, std::string_view kind
    ) {
        for (std::size_t i = 0; i < names.size(); ++i)
            reference(fmt::format("{}[{}]", path, i), text_of(names[i]), known, kind);
    }

    void names() {
        unique(plan_.regions, "regions");
        unique(plan_.services, "services");
        unique(plan_.databases, "databases");
        unique(plan_.tables, "tables");
        unique(plan_.buckets, "buckets");
        unique(plan_.functions, "functions");
        unique(plan_.traffic.names, "traffic.names");
        unique(plan_.traffic.health_checks, "traffic.health-checks");
        unique(plan_.timing_choice.profiles, "timing.profiles");
        unique(plan_.smoke_tests, "smoke-tests");
        unique(plan_.procedures, "procedures");
        unique(plan_.topics, "topics");
        unique(plan_.alarms, "alarms");
        unique(plan_.runbooks, "runbooks");
        unique(plan_.drills, "drills");
        unique(plan_.costs.items, "costs.items");
        region_names_ = names_of(plan_.regions);
        std::erase_if(region_names_, [](const std::string& name) { return name.empty(); });
        for (const auto& list :
             {names_of(plan_.databases), names_of(plan_.tables), names_of(plan_.buckets), names_of(plan_.functions)})
            components_.insert(components_.end(), list.begin(), list.end());
    }

    void regions() {
        if (!readable_("regions")) return;  // What is missing may be what could not be read.
        std::array<std::string, 3> first;
        for (std::size_t i = 0; i < plan_.regions.size(); ++i) {
            const core::Region& region = plan_.regions[i];
            std::string& holder = first[static_cast<std::size_t>(region.role)];
            if (!holder.empty()) {
                problem(
                    fmt::format("regions[{}].role", i),
                    fmt::format("a second {} ('{}')", name_of(region.role), region.name.value()),
                    fmt::format("one {}", name_of(region.role)),
                    fmt::format("'{}' has that role already", holder)
                );
            }
            if (holder.empty()) holder = region.name.value().empty() ? "?" : region.name.value();
        }
        if (first[0].empty()) problem("regions", "no primary", "one region with the role primary", "");
        if (first[1].empty()) problem("regions", "no standby", "one region with the role standby", "");
        if (first[2].empty() && plan_.safety.policy == core::SafetyPolicy::witness && !plan_.regions.empty())
            problem(
                "safety.policy",
                "'witness', but no region with that role",
                "a region with the role witness, or another policy",
                "lease is automatic without a third site, confirm asks a person"
            );
    }

    void services() {
        const auto procedures = names_of(plan_.procedures);
        const auto tests = names_of(plan_.smoke_tests);
        for (std::size_t i = 0; i < plan_.services.size(); ++i) {
            const core::Service& service = plan_.services[i];
            const std::string path = fmt::format("services[{}]", i);
            references(path + ".components", service.components, components_, "a database, table, bucket or function");
            if (service.recovered_by)
                reference(path + ".recovered-by", *service.recovered_by, procedures, "a procedure");
            references(path + ".smoke-tests", service.smoke_tests, tests, "a smoke test");
        }
    }

    void region(const std::string& path, const RegionName& name) {
        reference(path, name.value(), region_names_, "a region");
    }

    void window(const std::string& path, core::MinuteOfDay from, core::MinuteOfDay to) {
        if (from < to) return;
        problem(path + ".to", "an end that is not after its beginning", "a later time of the same day", "");
    }

    void data() {
        for (std::size_t i = 0; i < plan_.databases.size(); ++i) {
            const core::Database& database = plan_.databases[i];
            const std::string path = fmt::format("databases[{}]", i);
            if (!database.engine.empty() && database.engine != "postgresql")
                problem(path + ".engine", fmt::format("'{}'", database.engine), "postgresql", "");
            if (database.version < 15 || database.version > 17)
                problem(path + ".version", fmt::format("{}", database.version), "a major version from 15 to 17", "");
            region(path + ".primary", database.primary);
            for (std::size_t r = 0; r < database.replicas.size(); ++r)
                region(fmt::format("{}.replicas[{}].region", path, r), database.replicas[r].region);
            unique(database.replicas, path + ".replicas");
            window(path + ".backup.window", database.backup.window.from, database.backup.window.to);
            window(path + ".maintenance", database.maintenance.from, database.maintenance.to);
            constexpr std::array<std::string_view, 7> days{
                "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
            };
            if (!database.maintenance.day.empty() && std::ranges::find(days, database.maintenance.day) == days.end())
                problem(
                    path + ".maintenance.day",
                    fmt::format("'{}'", database.maintenance.day),
                    fmt::format("one of {}", fmt::join(days, ", ")),
                    ""
                );
        }
        for (std::size_t i = 0; i < plan_.tables.size(); ++i)
            references(fmt::format("tables[{}].regions", i), plan_.tables[i].regions, region_names_, "a region");
        for (std::size_t i = 0; i < plan_.buckets.size(); ++i) {
            const core::Bucket& bucket = plan_.buckets[i];
            const std::string path = fmt::format("buckets[{}]", i);
            region(path + ".region", bucket.region);
            region(path + ".replica-region", bucket.replica_region);
            if (!bucket.region.value().empty() && bucket.region == bucket.replica_region)
                problem(
                    path + ".replica-region",
                    fmt::format("'{}'", bucket.region.value()),
                    "another region than the bucket's",
                    ""
                );
            if (!bucket.versioned)
                problem(path + ".versioned", "false", "true", "replication copies versions, so both buckets need them");
        }
        if (plan_.edge) edge(*plan_.edge);
        for (std::size_t i = 0; i < plan_.functions.size(); ++i) function(fmt::format("functions[{}]", i), i);
    }

    void function(const std::string& path, std::size_t index) {
        const auto& function = plan_.functions[index];
        references(path + ".uses", function.uses, components_, "a database, table or bucket");
        const auto limited = [&](const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
            if (value >= least && value <= most) return;
            problem(path + name, std::to_string(value), fmt::format("{} to {}", least, most), "Lambda's limits");
        };
        limited(".memory-mib", function.memory_mib, 128, 10240);
        limited(".environments", function.environments, 0, 1000);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(function.timeout);
        limited(".timeout", seconds.count(), 1, 900);
        for (std::size_t i = 0; i < function.paths.size(); ++i) {
            const auto& served = function.paths[i];
            const auto where = fmt::format("{}.paths[{}]", path, i);
            if (!served.starts_with('/')) problem(where, fmt::format("'{}'", served), "a path that begins with /", "");
            for (std::size_t other = 0; other < index; ++other) {
                if (std::ranges::count(plan_.functions[other].paths, served) > 0)
                    problem(where, fmt::format("'{}'", served), "a path of one function", plan_.functions[other].name);
            }
        }
        if (function.smoke && !function.smoke->starts_with('/'))
            problem(path + ".smoke", fmt::format("'{}'", *function.smoke), "a path that begins with /", "");
    }

    void edge(const core::Edge& edge) {
        reference("edge.bucket", edge.bucket, names_of(plan_.buckets), "a bucket");
        const auto& names = plan_.traffic.names;
        const bool named = std::ranges::any_of(names, [&edge](const core::PublicName& name) {
            return name.name == edge.name && name.points_to == core::PointsTo::edge;
        });
        if (!named)
            problem("edge.name", fmt::format("'{}'", edge.name), "a name of traffic.names that points to edge", "");
        constexpr std::array possible{403, 404, 500, 502, 503, 504};
        for (const int status : edge.failover_statuses) {
            if (std::ranges::find(possible, status) != possible.end()) continue;
            problem(
                "edge.failover-statuses", std::to_string(status), fmt::format("of {}", fmt::join(possible, ", ")), ""
            );
        }
    }

    void traffic() {
        const core::Traffic& traffic = plan_.traffic;
        const auto in_zone = [&](const std::string& path, const std::string& name) {
            if (name.empty() || traffic.zone.empty() || name == traffic.zone || name.ends_with("." + traffic.zone))
                return;
            problem(path, fmt::format("'{}'", name), fmt::format("a name in the zone {}", traffic.zone), "");
        };
        for (std::size_t i = 0; i < traffic.names.size(); ++i)
            in_zone(fmt::format("traffic.names[{}].name", i), traffic.names[i].name);
        const auto checks = names_of(traffic.health_checks);
        std::set<std::pair<std::string, core::FailoverRole>> roles;
        for (std::size_t i = 0; i < traffic.records.size(); ++i) {
            const core::FailoverRecord& record = traffic.records[i];
            const std::string path = fmt::format("traffic.records[{}]", i);
            in_zone(path + ".name", record.name);
            region(path + ".region", record.region);
            reference(path + ".health-check", record.health_check, checks, "a health check");
            if (!roles.emplace(record.name, record.failover).second)
                problem(
                    path + ".failover",
                    fmt::format("a second {} of {}", name_of(record.failover), record.name),
                    "one primary and one secondary for each name",
                    ""
                );
        }
        for (std::size_t i = 0; i < traffic.health_checks.size(); ++i) {
            const core::HealthCheck& check = traffic.health_checks[i];
            const std::string path = fmt::format("traffic.health-checks[{}]", i);
            region(path + ".region", check.region);
            if (check.port < 1 || check.port > 65535)
                problem(path + ".port", fmt::format("{}", check.port), "1 to 65535", "");
            if (check.failure_threshold < 1 || check.failure_threshold > 10)
                problem(path + ".failure-threshold", fmt::format("{}", check.failure_threshold), "1 to 10", "");
            if (check.interval <= Duration::zero()) problem(path + ".interval", "0", "more than 0", "");
            if (!check.path.empty() && !check.path.starts_with('/'))
                problem(path + ".path", fmt::format("'{}'", check.path), "a path that begins with '/'", "");
        }
    }

    void detection_and_safety() {
        const core::Detection& detection = plan_.detection;
        references("detection.vantages", detection.vantages, region_names_, "a region");
        const auto vantages = static_cast<int>(std::set(detection.vantages.begin(), detection.vantages.end()).size());
        if (detection.quorum < 1 || detection.quorum > vantages)
            problem(
                "detection.quorum",
                fmt::format("{}", detection.quorum),
                fmt::format("1 to {}, the number of different vantages", vantages),
                ""
            );
        if (plan_.safety.moves.max < 1)
            problem("safety.moves.max", fmt::format("{}", plan_.safety.moves.max), "at least 1", "");
    }

    void timing() {
        const core::TimingChoice& choice = plan_.timing_choice;
        std::vector<std::string> built_in(core::built_in_profiles().begin(), core::built_in_profiles().end());
        std::vector<std::string> known = built_in;
        for (std::size_t i = 0; i < choice.profiles.size(); ++i) {
            const core::TimingProfile& profile = choice.profiles[i];
            const std::string path = fmt::format("timing.profiles[{}]", i);
            known.push_back(profile.name);
            if (std::ranges::find(built_in, profile.name) != built_in.end())
                problem(path + ".name", fmt::format("'{}'", profile.name), "a name that no built-in profile has", "");
            reference(path + ".base", profile.base, built_in, "a built-in profile, not one");
            if (const auto timing = core::timing_of(choice, profile.name); timing && !profile.name.empty())
                for (auto& wrong : core::check(*timing))
                    problem(
                        fmt::format("{}.{}", path, wrong.field),
                        wrong.found,
                        wrong.expected,
                        fmt::format("profile {}", profile.name)
                    );
        }
        reference("timing.profile", choice.profile, known, "a timing profile");
    }

    /// Whether `before` is done before `step` begins.
    static bool comes_before(const std::vector<core::Step>& steps, core::Action before, const core::Step& step) {
        std::set<std::string> seen;
        std::vector<std::string> waiting = step.after;
        while (!waiting.empty()) {
            const std::string name = std::move(waiting.back());
            waiting.pop_back();
            if (!seen.insert(name).second) continue;
            const auto found = std::ranges::find(steps, name, &core::Step::name);
            if (found == steps.end()) continue;
            if (found->action == before) return true;
            waiting.insert(waiting.end(), found->after.begin(), found->after.end());
        }
        return false;
    }

    void procedure(const core::Procedure& procedure, const std::string& path) {
        const auto& steps = procedure.steps;
        if (steps.size() > steps_max) {
            problem(path + ".steps", fmt::format("{} steps", steps.size()), fmt::format("at most {}", steps_max), "");
            return;
        }
        const auto known = names_of(steps);
        unique(steps, path + ".steps");
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const std::string step = fmt::format("{}.steps[{}]", path, i);
            references(step + ".after", steps[i].after, known, "a step of the same procedure, not one");
            if (steps[i].limit <= Duration::zero()) problem(step + ".limit", "0", "more than 0", "");
            if (steps[i].retries < 0 || steps[i].retries > 100)
                problem(step + ".retries", fmt::format("{}", steps[i].retries), "0 to 100", "");
        }
        if (const auto cycle = core::find_cycle(steps); !cycle.empty()) {
            problem(
                path + ".steps",
                fmt::format("a cycle: {} → {}", fmt::join(cycle, " → "), cycle.front()),
                "steps that wait for earlier ones only",
                ""
            );
        }
        if (!is_walkable(procedure)) return;
        const bool disaster = procedure.mode == core::ProcedureMode::disaster;
        const core::Action fence = disaster ? core::Action::fence_old_writer : core::Action::take_lease;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const std::string step = fmt::format("{}.steps[{}].after", path, i);
            if (steps[i].action == core::Action::promote_database && !comes_before(steps, fence, steps[i]))
                problem(
                    step,
                    "a promotion that waits for no fence",
                    fmt::format("a step with the action {} somewhere before it", name_of(fence)),
                    "two regions could write at once"
                );
            if (steps[i].action == core::Action::switch_traffic &&
                !comes_before(steps, core::Action::promote_database, steps[i]))
                problem(
                    step,
                    "traffic that is switched without a promotion",
                    "a step with the action promote-database somewhere before it",
                    "customers would be sent to a region that cannot write"
                );
        }
    }

    void people() {
        const auto procedures = names_of(plan_.procedures);
        const auto topics = names_of(plan_.topics);
        const auto checks = names_of(plan_.traffic.health_checks);
        for (std::size_t i = 0; i < plan_.topics.size(); ++i)
            region(fmt::format("topics[{}].region", i), plan_.topics[i].region);
        for (std::size_t i = 0; i < plan_.alarms.size(); ++i) {
            const core::Alarm& alarm = plan_.alarms[i];
            const std::string path = fmt::format("alarms[{}]", i);
            reference(path + ".health-check", alarm.health_check, checks, "a health check");
            references(path + ".topics", alarm.topics, topics, "a topic");
            if (alarm.starts) reference(path + ".starts", *alarm.starts, procedures, "a procedure");
            if (alarm.evaluation_periods < 1)
                problem(path + ".evaluation-periods", fmt::format("{}", alarm.evaluation_periods), "at least 1", "");
        }
        std::set<int> levels;
        for (std::size_t i = 0; i < plan_.incidents.size(); ++i) {
            const core::IncidentLevel& incident = plan_.incidents[i];
            const std::string path = fmt::format("incidents[{}]", i);
            if (incident.level < 1 || incident.level > 4)
                problem(path + ".level", fmt::format("{}", incident.level), "1 to 4", "");
            if (!levels.insert(incident.level).second)
                problem(path + ".level", fmt::format("{} a second time", incident.level), "each level once", "");
            if (incident.recovery < incident.response)
                problem(
                    path + ".recovery",
                    core::format_duration(incident.recovery),
                    fmt::format("at least the response time ({})", core::format_duration(incident.response)),
                    ""
                );
        }
        for (std::size_t i = 0; i < plan_.runbooks.size(); ++i) {
            const core::Runbook& runbook = plan_.runbooks[i];
            if (runbook.level && !levels.contains(*runbook.level))
                problem(
                    fmt::format("runbooks[{}].level", i),
                    fmt::format("{}", *runbook.level),
                    fmt::format("an incident level of this plan: {}", fmt::join(levels, ", ")),
                    ""
                );
        }
        for (std::size_t i = 0; i < plan_.drills.size(); ++i)
            if (plan_.drills[i].procedure)
                reference(
                    fmt::format("drills[{}].procedure", i), *plan_.drills[i].procedure, procedures, "a procedure"
                );
        if (plan_.last_drills && plan_.last_drills->total != plan_.last_drills->passed + plan_.last_drills->failed)
            problem(
                "last-drills.total",
                fmt::format("{}", plan_.last_drills->total),
                fmt::format("passed + failed = {}", plan_.last_drills->passed + plan_.last_drills->failed),
                ""
            );
    }

    void objectives() {
        if (plan_.timing.lease <= Duration::zero()) return;  // No such profile: said above.
        for (std::size_t i = 0; i < plan_.services.size(); ++i) {
            const core::Service& service = plan_.services[i];
            if (!service.recovered_by) continue;
            const core::Procedure* procedure = core::find_procedure(plan_, *service.recovered_by);
            if (procedure && is_walkable(*procedure)) {
                const auto worst = core::worst_case(plan_.timing, *procedure);
                if (worst.total > service.rto)
                    problem(
                        fmt::format("services[{}].rto", i),
                        core::format_duration(service.rto),
                        fmt::format(
                            "at least {}, the worst case of '{}' with profile {} ({})",
                            core::format_duration(worst.total),
                            procedure->name,
                            plan_.timing_choice.profile,
                            summary(worst)
                        ),
                        "choose a faster profile, shorter step limits, or a longer RTO"
                    );
            }
            if (plan_.safety.guards.lag_max > service.rpo)
                problem(
                    "safety.guards.lag-max",
                    core::format_duration(plan_.safety.guards.lag_max),
                    fmt::format("at most {}, the RPO of {}", core::format_duration(service.rpo), service.name.value()),
                    "with a longer lag an automatic move would lose more than was promised"
                );
        }
    }

    static std::string summary(const core::WorstCase& worst) {
        std::string text;
        for (const core::Term& term : worst.terms)
            if (term.counts)
                fmt::format_to(
                    std::back_inserter(text),
                    "{}{} {}",
                    text.empty() ? "" : " + ",
                    term.name,
                    core::format_duration(term.duration)
                );
        return text;
    }

    void money() {
        window("revenue.peak-hours", plan_.revenue.peak_hours.from, plan_.revenue.peak_hours.to);
        const std::pair<const char*, core::Cents> rates[]{
            {"peak", plan_.revenue.peak},
            {"off-peak", plan_.revenue.off_peak},
            {"weekend", plan_.revenue.weekend},
            {"holiday", plan_.revenue.holiday}
        };
        for (const auto& [name, rate] : rates)
            if (rate.value() <= 0) problem(fmt::format("revenue.{}", name), "0 USD", "more than 0", "");
        for (std::size_t i = 0; i < plan_.costs.stated.size(); ++i) {
            const core::Stated& stated = plan_.costs.stated[i];
            if (int{stated.money.has_value()} + int{stated.duration.has_value()} + int{stated.percent.has_value()} != 1)
                problem(
                    fmt::format("costs.stated[{}]", i), "not exactly one figure", "one of money, duration, percent", ""
                );
        }
    }

    const Plan& plan_;
    const Readable& readable_;
    const Report& report_;
    std::vector<std::string> region_names_;
    std::vector<std::string> components_;
};

}  // namespace

void check_plan(const Plan& plan, const Readable& readable, const Report& report) {
    Checker(plan, readable, report).run();
}

}  // namespace cloudshelf::plan
