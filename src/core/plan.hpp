#pragma once

#include "base/ids.hpp"
#include "base/strong.hpp"
#include "base/time.hpp"
#include "core/timing.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A whole plan, typed. Made by plan/load.hpp, which has checked it: references resolve, names are unique, there is one
/// primary, steps have no cycle, the time-outs fit together.
namespace cloudshelf::core {

using Cents = Strong<std::int64_t, struct CentsTag>;  // US dollars × 100
using Percent = Strong<double, struct PercentTag>;    // 99.9
using ByteCount = Strong<std::uint64_t, struct ByteCountTag>;
using MinuteOfDay = Strong<int, struct MinuteOfDayTag>;  // "09:00" is 540; "24:00" is allowed as an end

/// The texts an enum has in plans, JSON and on screens, in the order of its values.
template <class Enum>
struct EnumNames;

/// "warm-standby"
template <class Enum>
constexpr std::string_view name_of(Enum value) {
    return EnumNames<Enum>::names[static_cast<std::size_t>(value)];
}

struct Application {
    std::string name;  // "cloudshelf": part of store keys
    std::string title;
    std::string description;
    std::string time_zone;  // of rates and windows: "America/New_York"
};

enum class RegionRole { primary, standby, witness };
enum class RegionMode { active, warm_standby, vote };
struct Region {
    RegionName name;
    RegionRole role{};
    RegionMode mode{};
    std::string place;
    std::vector<std::string> runs;
};

enum class Impact { critical, high, medium, low };
/// How a service's writes are acknowledged: synchronous ones wait for the standby.
enum class CommitMode { synchronous, asynchronous, none };
struct Service {
    ServiceName name;
    std::string title;
    Impact impact{};
    std::string impact_reason;
    Impact priority{};
    Duration rto{};
    Duration rpo{};
    CommitMode commit = CommitMode::asynchronous;
    std::vector<std::string> components;      // names of databases, tables, buckets, functions
    std::optional<std::string> recovered_by;  // procedure
    std::vector<std::string> smoke_tests;     // names

    /// Whether a recovery brings this service back and proves it; otherwise reports name it as not covered.
    bool covered() const { return recovered_by.has_value() && !smoke_tests.empty(); }
};

/// One row of the service distribution table.
struct Distribution {
    std::string component;
    std::string primary;
    std::string standby;
    std::string failover;
};

/// What is done when the standby is out of step: block the synchronous writes, or go on without and record it first.
enum class SyncPolicy { block, degrade };
struct DatabaseReplica {
    std::string name;
    RegionName region;
    std::string zone;
    bool multi_zone = false;
    bool public_access = false;
    bool encrypted = true;
};
struct DailyWindow {
    MinuteOfDay from;
    MinuteOfDay to;
};
struct WeeklyWindow {
    std::string day;  // "sunday"
    MinuteOfDay from;
    MinuteOfDay to;
};
struct DatabaseBackup {
    Duration retention{};
    DailyWindow window;
};
struct Database {
    std::string name;
    std::string engine;  // "postgresql"
    int version = 15;
    RegionName primary;
    std::vector<DatabaseReplica> replicas;
    std::vector<std::string> critical_tables;
    std::vector<std::string> synchronous_tables;
    SyncPolicy sync_policy = SyncPolicy::degrade;
    DatabaseBackup backup;
    WeeklyWindow maintenance;
    std::vector<std::string> recovery_settings;  // checked before a backup counts
    bool deletion_protection = true;
    bool performance_insights = false;
    Duration monitoring_interval{};
    std::vector<std::string> exported_logs;
};

struct TableBackup {
    Duration every{};
    Duration retention{};
    std::string name;
    std::map<std::string, std::string> tags;
};
struct Table {
    std::string name;
    std::vector<RegionName> regions;
    bool point_in_time_recovery = true;
    std::string stream;  // "new-and-old-images"
    std::optional<TableBackup> backup;
};

struct Bucket {
    std::string name;
    RegionName region;
    std::string replica;
    RegionName replica_region;
    std::string rule;
    std::string role;
    std::string prefix;
    std::string replica_storage_class;
    std::string replica_key;
    bool versioned = true;
    bool replicate_delete_markers = true;
};

/// What customers of the static site talk to: a cache in front of a bucket's website, and of its replica's.
struct Edge {
    std::string name;    // the public name: "www.cloudshelf.com"
    std::string bucket;  // of `buckets`; its replica is the second origin
    std::vector<int> failover_statuses = {500, 502, 503, 504, 403, 404};  // answers the replica is asked instead of
    Duration connect_timeout = std::chrono::seconds(1);
    Duration read_timeout = std::chrono::seconds(5);
    Duration dead_for = std::chrono::seconds(10);  // how long an origin that was silent is left alone
};

struct Function {
    std::string name;
    std::string primary_name;  // in the primary region; empty: `name`
    std::string standby_name;
    std::vector<std::string> uses;  // components
    std::string package;            // the zip that both regions run: "bookstore-catalog.zip"; empty: deployed elsewhere
    std::vector<std::string> paths;  // what a gateway sends to it: these and all below
    std::string alias = "live";
    int memory_mib = 256;
    Duration timeout = std::chrono::seconds(10);
    int environments = 0;                                    // kept ready in each region
    std::map<std::string, std::string> environment;          // in both regions
    std::map<std::string, std::string> standby_environment;  // in the standby region in the place of the other
    std::optional<std::string> warm_up;                      // payload
    std::optional<std::string> smoke;                        // a path that answers 200 before customers see it

    const std::string& name_in_primary() const { return primary_name.empty() ? name : primary_name; }
};

/// `edge`: to the edges in front of the static site; no move changes it.
enum class PointsTo { serving, standby, edge };
struct PublicName {
    std::string name;
    std::string type;
    PointsTo points_to{};
};
enum class FailoverRole { primary, secondary };
struct FailoverRecord {
    std::string name;
    std::string type;
    std::string set;
    FailoverRole failover{};
    RegionName region;
    std::string target;
    bool evaluate_target_health = true;
    std::string health_check;
};
struct HealthCheck {
    std::string name;
    RegionName region;
    std::string type;
    std::string host;
    int port = 443;
    std::string path;
    Duration interval{};
    int failure_threshold = 3;
};
struct Traffic {
    std::string zone;
    std::string hosted_zone;
    std::vector<PublicName> names;
    std::vector<FailoverRecord> records;
    std::vector<HealthCheck> health_checks;
};

struct Detection {
    std::vector<RegionName> vantages;
    int quorum = 2;
    /// "Unreachable, but its replica still streams" moves nothing.
    bool heed_replica = true;
};

/// Who decides that the old writer is fenced (design: never two writers).
enum class SafetyPolicy { witness, lease, confirm };
struct Moves {
    int max = 3;  // automatic ones, per window
    Duration window{};
    bool acknowledge_before_next = true;
};
struct Guards {
    ByteCount lag_bytes_max;
    Duration lag_max{};
    bool standby_healthy = true;
    bool smoke_tests_green = true;
};
struct Safety {
    SafetyPolicy policy{};
    Guards guards;
    Moves moves;
    Duration soak{};  // how long everything has to stay green before a recovery is over
};

/// A profile of the plan's own: a built-in one with some figures changed.
struct TimingProfile {
    std::string name;
    std::string base;
    std::optional<Duration> lease, beat, fencer_margin, probe_interval, probe_timeout, hold_down, dns_ttl;
    std::optional<int> drift_ppm, failure_threshold;
};
struct TimingChoice {
    std::string profile;
    std::vector<TimingProfile> profiles;
};

enum class Action {
    fence_old_writer,
    prepare,
    promote_database,
    point_functions,
    warm_functions,
    check_tables,
    test_cart,
    use_replica_bucket,
    smoke_tests,
    switch_traffic,
    verify_outside,
    notify,
    check_preconditions,
    prepare_switchover,
    pause_writes,
    resume_writes,
    demote_writer,
    take_lease,
    resume_old_writer,
};
enum class Approval { none, one, two };
struct Step {
    std::string name;
    Action action{};
    std::vector<std::string> after;
    Duration limit{};  // for the whole step, its retries included
    int retries = 0;
    Duration retry_delay{};
    Approval approval = Approval::none;
    bool essential = true;  // in disaster mode a step that is not may fail and is recorded
    std::optional<Action> undo;
};
enum class ProcedureMode { disaster, planned };
struct Procedure {
    std::string name;
    ProcedureMode mode{};
    std::vector<Step> steps;
};

struct SmokeTest {
    std::string name;
    std::string method;
    std::string path;
    std::optional<std::string> body;
    int expected_status = 200;
};

struct Subscription {
    std::string protocol;  // "email", "sms", "function"
    std::string endpoint;
};
struct Topic {
    std::string name;
    RegionName region;
    std::vector<Subscription> subscriptions;
};
struct Alarm {
    std::string name;
    std::string metric;
    std::string health_check;
    std::string statistic;
    Duration period{};
    int evaluation_periods = 2;
    double below = 1;
    std::vector<std::string> topics;
    std::optional<std::string> starts;  // procedure
};

struct IncidentLevel {
    int level = 1;
    std::string name;
    std::string description;
    Duration response{};
    Duration recovery{};
};
struct RunbookTask {
    std::string title;
    std::vector<std::string> actions;
};
struct RunbookPhase {
    std::string name;
    Duration from{};
    std::optional<Duration> to;
    std::vector<RunbookTask> tasks;
};
struct Runbook {
    std::string name;
    std::optional<int> level;
    std::vector<RunbookPhase> phases;
};
struct ContinuityArea {
    std::string area;
    std::vector<RunbookTask> tasks;
};
struct Continuity {
    Duration first_status_update{};
    std::vector<ContinuityArea> areas;
};
struct Stakeholder {
    std::string group;
    std::vector<std::string> methods;
    std::string frequency;
    std::optional<Duration> every;
    std::vector<std::string> content;
};

enum class Cadence { weekly, monthly, quarterly, annually };
struct Drill {
    std::string name;
    std::string title;
    Cadence cadence{};
    Duration duration{};
    std::string scope;
    std::string success;
    std::optional<Duration> rto;
    std::optional<std::string> procedure;
    std::vector<std::string> endpoints;
};
struct DrillResults {
    std::string period;
    int total = 0;
    int passed = 0;
    int failed = 0;
    Duration average_rto{};
    Duration average_rpo{};
    Percent rto_improvement;
    std::string trend;
    std::vector<std::string> failure_patterns;
    std::vector<std::string> next_actions;
};

struct CostItem {
    std::string name;
    Cents monthly;
};
/// A figure somebody wrote down. Kept as it was; `explain` shows what the inputs give instead.
enum class StatedWhat {
    monthly_cost,
    annual_cost,
    break_even_per_year,
    break_even_per_month,
    downtime_budget,
    drill_success,
};
struct Stated {
    StatedWhat what{};
    std::optional<Cents> money;
    std::optional<Duration> duration;
    std::optional<Percent> percent;
    std::string source;
};
struct Costs {
    std::vector<CostItem> items;
    std::vector<Stated> stated;
    std::vector<std::string> ideas;
};

/// Every year ("12-25"), or once ("2026-11-27").
struct Holiday {
    std::optional<int> year;
    int month = 1;
    int day = 1;
};
struct Revenue {
    Cents peak;  // all: lost per hour of outage
    Cents off_peak;
    Cents weekend;
    Cents holiday;
    DailyWindow peak_hours;
    std::vector<Holiday> holidays;
};
struct Availability {
    Percent target;
    Cents acceptable_loss_per_year;
};

struct Maturity {
    Duration recovery_fastest{};
    Duration recovery_full{};
    Duration recovery_point{};
    Percent automated;
    std::string coverage;
    std::vector<std::string> enhancements;
    std::vector<std::string> reviews;
};

struct Plan {
    int format = 1;
    Application application;
    std::vector<Region> regions;
    std::vector<Service> services;
    std::vector<Distribution> distribution;
    std::vector<Database> databases;
    std::vector<Table> tables;
    std::vector<Bucket> buckets;
    std::optional<Edge> edge;
    std::vector<Function> functions;
    Traffic traffic;
    Detection detection;
    Safety safety;
    TimingChoice timing_choice;
    std::vector<SmokeTest> smoke_tests;
    std::vector<Procedure> procedures;
    std::vector<Topic> topics;
    std::vector<Alarm> alarms;
    std::vector<IncidentLevel> incidents;
    std::vector<Runbook> runbooks;
    Continuity continuity;
    std::vector<Stakeholder> stakeholders;
    std::vector<Drill> drills;
    std::optional<DrillResults> last_drills;
    Revenue revenue;
    Availability availability;
    Costs costs;
    std::optional<Maturity> maturity;

    Timing timing;       // of the chosen profile
    std::string digest;  // SHA-256 of the content; comments and layout do not count
};

/// The region with this role; a checked plan has one primary and one standby. Null for a plan without a witness.
const Region* region_with(const Plan& plan, RegionRole role);
const Region* find_region(const Plan& plan, const RegionName& name);
const Service* find_service(const Plan& plan, std::string_view name);
const Procedure* find_procedure(const Plan& plan, std::string_view name);
const SmokeTest* find_smoke_test(const Plan& plan, std::string_view name);

/// The timing of a profile of this plan or a built-in one.
std::optional<Timing> timing_of(const TimingChoice& choice, std::string_view profile);

/// Names of the steps of one cycle, in its order; empty when there is none.
std::vector<std::string> find_cycle(const std::vector<Step>& steps);
/// Which steps run at the same time, wave by wave. Precondition: no cycle.
std::vector<std::vector<const Step*>> waves(const Procedure& procedure);
/// The longest chain by limits, from a first step to the given one (to any last one when null). Precondition: no cycle.
std::vector<const Step*> critical_path(const Procedure& procedure, const Step* end = nullptr);
/// From the fault until customers are served again, at worst: up to the step that switches traffic, plus TTL.
/// Fencing is not counted by its limit, since the lease's term is the wait that it does.
WorstCase worst_case(const Timing& timing, const Procedure& procedure);

template <>
struct EnumNames<ProbePacing> {
    static constexpr std::array<std::string_view, 2> names{"fixed", "after-answer"};
};
template <>
struct EnumNames<RegionRole> {
    static constexpr std::array<std::string_view, 3> names{"primary", "standby", "witness"};
};
template <>
struct EnumNames<RegionMode> {
    static constexpr std::array<std::string_view, 3> names{"active", "warm-standby", "vote"};
};
template <>
struct EnumNames<Impact> {
    static constexpr std::array<std::string_view, 4> names{"critical", "high", "medium", "low"};
};
template <>
struct EnumNames<CommitMode> {
    static constexpr std::array<std::string_view, 3> names{"synchronous", "asynchronous", "none"};
};
template <>
struct EnumNames<SyncPolicy> {
    static constexpr std::array<std::string_view, 2> names{"block", "degrade"};
};
template <>
struct EnumNames<PointsTo> {
    static constexpr std::array<std::string_view, 3> names{"serving", "standby", "edge"};
};
template <>
struct EnumNames<FailoverRole> {
    static constexpr std::array<std::string_view, 2> names{"primary", "secondary"};
};
template <>
struct EnumNames<SafetyPolicy> {
    static constexpr std::array<std::string_view, 3> names{"witness", "lease", "confirm"};
};
template <>
struct EnumNames<Action> {
    static constexpr std::array<std::string_view, 19> names{
        "fence-old-writer",
        "prepare",
        "promote-database",
        "point-functions",
        "warm-functions",
        "check-tables",
        "test-cart",
        "use-replica-bucket",
        "smoke-tests",
        "switch-traffic",
        "verify-outside",
        "notify",
        "check-preconditions",
        "prepare-switchover",
        "pause-writes",
        "resume-writes",
        "demote-writer",
        "take-lease",
        "resume-old-writer"
    };
};
template <>
struct EnumNames<Approval> {
    static constexpr std::array<std::string_view, 3> names{"none", "one", "two"};
};
template <>
struct EnumNames<ProcedureMode> {
    static constexpr std::array<std::string_view, 2> names{"disaster", "planned"};
};
template <>
struct EnumNames<Cadence> {
    static constexpr std::array<std::string_view, 4> names{"weekly", "monthly", "quarterly", "annually"};
};
template <>
struct EnumNames<StatedWhat> {
    static constexpr std::array<std::string_view, 6> names{
        "monthly-cost", "annual-cost", "break-even-per-year", "break-even-per-month", "downtime-budget", "drill-success"
    };
};

}  // namespace cloudshelf::core
