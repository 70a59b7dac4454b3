#pragma once

#include "base/result.hpp"
#include "base/strong.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Health checks with the meaning that Route 53 gives them (Developer Guide, "How Amazon Route 53 determines whether a
/// health check is healthy"; API reference, HealthCheckConfig). Where this differs, the comment says "ours".
namespace cloudshelf::core {

using CheckName = Strong<std::string, struct CheckNameTag>;      // "api-primary"
using VantageName = Strong<std::string, struct VantageNameTag>;  // who looked: "us-west-2", "witness"

/// What is looked at. Up to `function` an endpoint is probed; the last two follow other things.
enum class CheckType { http, https, tcp, dns, postgres, function, calculated, alarm };
const char* name(CheckType type);
/// The type of that name, as plans and Route 53 write it: "HTTPS" or "https".
std::optional<CheckType> check_type(std::string_view name);
/// Whether vantages look at it themselves.
constexpr bool is_probed(CheckType type) {
    return type < CheckType::calculated;
}

enum class HealthStatus { healthy, unhealthy };
const char* name(HealthStatus status);

/// What one look found; all after `not_made` are failures, with their reason.
enum class Observation {
    passed,
    not_made,  // the vantage itself could not look (no descriptor, no port, stopping): says nothing of the endpoint
    refused,
    unreachable,
    connect_timed_out,
    answer_timed_out,
    closed,                // before a whole answer
    bad_answer,            // not the protocol, or too long
    bad_status,            // HTTP: below 200, or 400 and above; function: not 200; DNS: an RCODE that is an error
    search_missing,        // HTTP: not in the first bytes of the body; DNS: no such record, or another value
    tls_failed,            // no handshake: nothing in common, or TLS is not spoken there
    certificate_bad,       // only where certificates are verified: not of our CA, for another name, ended
    certificate_expiring,  // sooner than the check allows
    not_accepting,         // PostgreSQL: starting up, shutting down or recovering (57P03)
    function_failed,       // the function ran and reported an error
};
const char* name(Observation observation);
std::optional<Observation> observation_named(std::string_view name);
constexpr bool is_failure(Observation observation) {
    return observation > Observation::not_made;
}

/// How many of the body's first bytes are searched; the text has to lie in them whole.
inline constexpr std::size_t search_bytes_max = 5120;

/// An HTTP answer: 200 to 399 passes, and `search` (case-sensitive), unless empty, is within the first bytes of `body`.
Observation judge_http(int status, std::string_view body, std::string_view search);

/// The answer to an invocation: only 200 passes, and only if the function itself reported no error.
Observation judge_function(int status, bool function_error);

/// When vantages disagree. `more_than_18_percent` is Route 53's: several places have to be wrong at once to condemn.
enum class QuorumRule { more_than_18_percent, majority };
/// Whether `healthy` of `asked` vantages are enough; asked > 0. A tie is no majority.
bool is_quorum(QuorumRule rule, std::size_t healthy, std::size_t asked);

enum class AlarmState { ok, alarm, insufficient_data };
/// What an alarm without data means; `last_known` without history is healthy.
enum class InsufficientData { healthy, unhealthy, last_known };

struct CheckOptions {
    CheckName name;
    CheckType type = CheckType::http;
    bool inverted = false;
    bool disabled = false;  // healthy whatever is seen; unhealthy when inverted too

    // Of checks that are probed
    Duration interval = std::chrono::seconds(30);  // Route 53 offers 10 s and 30 s; ours from 10 ms to 5 min
    int failure_threshold = 3;                     // 1 to 10 looks in a row, towards unhealthy as towards healthy
    std::string search;                            // http, https: at most 255 bytes
    QuorumRule quorum = QuorumRule::more_than_18_percent;
    std::optional<Duration> view_age_max;  // ours: an older view does not count; unset: see view_age_max_of()

    // Ours, of looks under TLS; Route 53 passes a certificate that has ended
    Duration certificate_warning = std::chrono::days(30);  // people are warned when less is left
    std::optional<Duration> certificate_failure;           // looks fail when less is left; unset: never for that

    // Of calculated checks
    std::vector<CheckName> children;       // at most 255, none of them calculated
    std::size_t healthy_children_min = 1;  // 0: always healthy; more than there are: never

    // Of checks that follow an alarm
    std::string alarm;
    InsufficientData insufficient_data = InsufficientData::last_known;
};

/// `view_age_max`, or as long as it takes to see `failure_threshold` time-outs in a row.
Duration view_age_max_of(const CheckOptions& options);

/// What a look amounts to once the certificate's time is counted in; `left`: until it ends, nothing where none was
/// seen.
Observation judge_certificate(const CheckOptions& options, Observation seen, std::optional<Duration> left);
/// Whether people are to be warned of a certificate that ends soon.
bool warns_of_certificate(const CheckOptions& options, std::optional<Duration> left);

/// An option that is out of its range.
struct CheckProblem {
    std::string field;     // "failure_threshold"
    std::string found;     // "11"
    std::string expected;  // "1 to 10"
};
/// All that is wrong with a check on its own; empty when it is sound.
std::vector<CheckProblem> check(const CheckOptions& options);

struct StatusChange {
    CheckName check;
    HealthStatus status{};
    friend bool operator==(const StatusChange&, const StatusChange&) = default;
};
using StatusChanges = std::vector<StatusChange>;

/// All checks, what was seen of them, and what it adds up to.
///
/// A vantage has an opinion once `failure_threshold` looks in a row agreed, and keeps it until as many say otherwise. A
/// check without any opinion yet is healthy. Opinions too old do not count, unless there are no others: losing all
/// vantages changes nothing. Inversion comes last.
class HealthChecks {
public:
    /// Adds a check, or changes one: what was seen of it stays. Errors: "health.bad-check" (names every problem),
    /// "health.type-is-fixed", "health.no-child", "health.calculated-child", "health.child-is-used".
    Result<StatusChanges> put(CheckOptions options, TimePoint now);
    /// Errors: "health.no-check", "health.child-is-used" (some calculated check counts it).
    Result<void> remove(const CheckName& name);

    /// What a vantage saw. Observations of checks that are not there (any more), or not probed, change nothing.
    StatusChanges saw(const CheckName& name, const VantageName& vantage, Observation observation, TimePoint now);
    /// Ours: a vantage that is no longer asked. Its opinion goes at once.
    StatusChanges forget(const VantageName& vantage, TimePoint now);
    /// To be repeated with every evaluation: a check that is added later learns of the alarm by the next one.
    StatusChanges alarm_is(const std::string& alarm, AlarmState state, TimePoint now);
    /// Lets opinions grow old. To be called about once per interval.
    StatusChanges tick(TimePoint now);

    /// As last reported; nothing for a check that is not there.
    std::optional<HealthStatus> status(const CheckName& name) const;
    /// The latest failure a vantage saw of a check, for people.
    std::optional<Observation> last_failure(const CheckName& name, const VantageName& vantage) const;

private:
    struct View {
        std::optional<HealthStatus> opinion;
        bool passing = false;
        int in_a_row = 0;  // looks that ended like the latest, at most failure_threshold
        TimePoint seen{};
        std::optional<Observation> failure;
    };
    struct Check {
        CheckOptions options;
        std::map<VantageName, View> views;
        std::optional<AlarmState> alarm;
        HealthStatus alarm_known = HealthStatus::healthy;
        std::set<CheckName> counted_by;  // calculated checks
        HealthStatus status = HealthStatus::healthy;
    };

    HealthStatus evaluate(const Check& check, TimePoint now) const;
    HealthStatus evaluate_views(const Check& check, TimePoint now) const;
    void reconsider(Check& check, TimePoint now, StatusChanges& changes);

    std::map<CheckName, Check> checks_;
};

}  // namespace cloudshelf::core
