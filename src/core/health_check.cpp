#include "core/health_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudshelf::core {

using namespace std::chrono_literals;

namespace {

constexpr Duration slowest_look = 10s;  // a TCP connection that nobody answers

HealthStatus status_of(bool healthy) {
    return healthy ? HealthStatus::healthy : HealthStatus::unhealthy;
}

}  // namespace

const char* name(CheckType type) {
    switch (type) {
        case CheckType::http:
            return "http";
        case CheckType::https:
            return "https";
        case CheckType::tcp:
            return "tcp";
        case CheckType::dns:
            return "dns";
        case CheckType::postgres:
            return "postgres";
        case CheckType::function:
            return "function";
        case CheckType::calculated:
            return "calculated";
        case CheckType::alarm:
            return "alarm";
    }
    return "?";
}

std::optional<CheckType> check_type(std::string_view wanted) {
    using enum CheckType;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    for (const CheckType type : {http, https, tcp, dns, postgres, function, calculated, alarm}) {
        if (std::ranges::equal(wanted, std::string_view(name(type)), {}, lower)) return type;
    }
    return std::nullopt;
}

const char* name(HealthStatus status) {
    return status == HealthStatus::healthy ? "healthy" : "unhealthy";
}

const char* name(Observation observation) {
    switch (observation) {
        case Observation::passed:
            return "passed";
        case Observation::not_made:
            return "not-made";
        case Observation::refused:
            return "refused";
        case Observation::unreachable:
            return "unreachable";
        case Observation::connect_timed_out:
            return "connect-timed-out";
        case Observation::answer_timed_out:
            return "answer-timed-out";
        case Observation::closed:
            return "closed";
        case Observation::bad_answer:
            return "bad-answer";
        case Observation::bad_status:
            return "bad-status";
        case Observation::search_missing:
            return "search-missing";
        case Observation::tls_failed:
            return "tls-failed";
        case Observation::certificate_bad:
            return "certificate-bad";
        case Observation::certificate_expiring:
            return "certificate-expiring";
        case Observation::not_accepting:
            return "not-accepting";
        case Observation::function_failed:
            return "function-failed";
    }
    return "?";
}

std::optional<Observation> observation_named(std::string_view text) {
    for (auto one = Observation::passed; one <= Observation::function_failed;
         one = static_cast<Observation>(static_cast<int>(one) + 1)) {
        if (text == name(one)) return one;
    }
    return std::nullopt;
}

Observation judge_http(int status, std::string_view body, std::string_view search) {
    if (status < 200 || status >= 400) return Observation::bad_status;
    return body.substr(0, search_bytes_max).contains(search) ? Observation::passed : Observation::search_missing;
}

Observation judge_function(int status, bool function_error) {
    if (status != 200) return Observation::bad_status;
    return function_error ? Observation::function_failed : Observation::passed;
}

bool is_quorum(QuorumRule rule, std::size_t healthy, std::size_t asked) {
    return rule == QuorumRule::majority ? healthy * 2 > asked : healthy * 100 > asked * 18;
}

Duration view_age_max_of(const CheckOptions& options) {
    return options.view_age_max.value_or(options.failure_threshold * (options.interval + slowest_look));
}

Observation judge_certificate(const CheckOptions& options, Observation seen, std::optional<Duration> left) {
    const bool ends_too_soon = left && options.certificate_failure && *left < *options.certificate_failure;
    return seen == Observation::passed && ends_too_soon ? Observation::certificate_expiring : seen;
}

bool warns_of_certificate(const CheckOptions& options, std::optional<Duration> left) {
    return left && *left < options.certificate_warning;
}

std::vector<CheckProblem> check(const CheckOptions& options) {
    std::vector<CheckProblem> problems;
    const auto demand = [&](bool holds, std::string field, std::string found, std::string expected) {
        if (!holds) problems.push_back({std::move(field), std::move(found), std::move(expected)});
    };
    const bool probed = is_probed(options.type);
    const bool calculated = options.type == CheckType::calculated;
    const bool searches = options.type == CheckType::http || options.type == CheckType::https;
    demand(!options.name.value().empty(), "name", "nothing", "a name");
    if (probed) {
        demand(
            options.interval >= 10ms && options.interval <= 5min,
            "interval",
            fmt::format("{} ms", options.interval / 1ms),
            "10 ms to 5 min"
        );
        demand(
            options.failure_threshold >= 1 && options.failure_threshold <= 10,
            "failure_threshold",
            std::to_string(options.failure_threshold),
            "1 to 10"
        );
        demand(options.view_age_max.value_or(1s) > 0s, "view_age_max", "0 ms or less", "more than 0 ms");
        demand(options.certificate_warning >= 0s, "certificate_warning", "less than 0 s", "0 s or more");
        demand(options.certificate_failure.value_or(0s) >= 0s, "certificate_failure", "less than 0 s", "0 s or more");
    }
    demand(options.search.empty() || searches, "search", name(options.type), "a check of type http or https");
    demand(options.search.size() <= 255, "search", fmt::format("{} bytes", options.search.size()), "at most 255");
    demand(options.children.empty() || calculated, "children", name(options.type), "a check of type calculated");
    demand(options.children.size() <= 255, "children", std::to_string(options.children.size()), "at most 255");
    demand(
        options.healthy_children_min <= 256,
        "healthy_children_min",
        std::to_string(options.healthy_children_min),
        "0 to 256"
    );
    const std::set<CheckName> different(options.children.begin(), options.children.end());
    demand(different.size() == options.children.size(), "children", "a name twice", "each once");
    const bool follows = options.type == CheckType::alarm;
    demand(options.alarm.empty() != follows, "alarm", options.alarm, follows ? "an alarm's name" : "nothing");
    return problems;
}

Result<StatusChanges> HealthChecks::put(CheckOptions options, TimePoint now) {
    if (const auto problems = core::check(options); !problems.empty()) {
        std::string text = fmt::format("health check \"{}\":", options.name.value());
        for (const auto& [field, found, expected] : problems)
            text += fmt::format(" {} is {}, expected {};", field, found, expected);
        text.pop_back();
        return fail("health.bad-check", text);
    }
    const auto before = checks_.find(options.name);
    if (before != checks_.end() && before->second.options.type != options.type)
        return fail(
            "health.type-is-fixed", fmt::format("\"{}\" has another type; remove it first", options.name.value())
        );
    for (const auto& child : options.children) {
        const auto found = checks_.find(child);
        if (found == checks_.end()) return fail("health.no-child", fmt::format("no check \"{}\"", child.value()));
        if (found->second.options.type == CheckType::calculated)
            return fail("health.calculated-child", fmt::format("\"{}\" is calculated itself", child.value()));
    }
    const bool is_new = before == checks_.end();
    Check& check = checks_[options.name];
    for (const auto& child : check.options.children) checks_.at(child).counted_by.erase(options.name);
    for (const auto& child : options.children) checks_.at(child).counted_by.insert(options.name);
    // Another alarm has still to speak.
    if (options.alarm != check.options.alarm) check.alarm.reset();
    check.options = std::move(options);
    StatusChanges changes;
    reconsider(check, now, changes);
    if (is_new) changes.clear();  // its first status is no change, and nobody counts it yet
    return changes;
}

Result<void> HealthChecks::remove(const CheckName& name) {
    const auto found = checks_.find(name);
    if (found == checks_.end()) return fail("health.no-check", fmt::format("no check \"{}\"", name.value()));
    if (const auto& counted_by = found->second.counted_by; !counted_by.empty())
        return fail(
            "health.child-is-used",
            fmt::format("\"{}\" is counted by \"{}\"", name.value(), counted_by.begin()->value())
        );
    for (const auto& child : found->second.options.children) checks_.at(child).counted_by.erase(name);
    checks_.erase(found);
    return {};
}

StatusChanges HealthChecks::saw(
    const CheckName& name, const VantageName& vantage, Observation observation, TimePoint now
) {
    const auto found = checks_.find(name);
    if (found == checks_.end() || !is_probed(found->second.options.type)) return {};
    if (observation == Observation::not_made) return {};  // its view just grows older
    Check& check = found->second;
    View& view = check.views[vantage];
    const bool passed = observation == Observation::passed;
    const int threshold = check.options.failure_threshold;
    view.in_a_row = view.passing == passed ? std::min(view.in_a_row + 1, threshold) : 1;
    view.passing = passed;
    view.seen = now;
    if (!passed) view.failure = observation;
    if (view.in_a_row >= threshold) view.opinion = status_of(passed);
    StatusChanges changes;
    reconsider(check, now, changes);
    return changes;
}

StatusChanges HealthChecks::forget(const VantageName& vantage, TimePoint now) {
    StatusChanges changes;
    for (auto& [name, check] : checks_) {
        if (check.views.erase(vantage) > 0) reconsider(check, now, changes);
    }
    return changes;
}

StatusChanges HealthChecks::alarm_is(const std::string& alarm, AlarmState state, TimePoint now) {
    StatusChanges changes;
    for (auto& [name, check] : checks_) {
        if (check.options.type != CheckType::alarm || check.options.alarm != alarm) continue;
        check.alarm = state;
        if (state != AlarmState::insufficient_data) check.alarm_known = status_of(state == AlarmState::ok);
        reconsider(check, now, changes);
    }
    return changes;
}

StatusChanges HealthChecks::tick(TimePoint now) {
    StatusChanges changes;
    for (auto& [name, check] : checks_) {
        if (is_probed(check.options.type)) reconsider(check, now, changes);
    }
    return changes;
}

std::optional<HealthStatus> HealthChecks::status(const CheckName& name) const {
    const auto found = checks_.find(name);
    if (found == checks_.end()) return std::nullopt;
    return found->second.status;
}

std::optional<Observation> HealthChecks::last_failure(const CheckName& name, const VantageName& vantage) const {
    const auto found = checks_.find(name);
    if (found == checks_.end()) return std::nullopt;
    const auto view = found->second.views.find(vantage);
    return view == found->second.views.end() ? std::nullopt : view->second.failure;
}

HealthStatus HealthChecks::evaluate_views(const Check& check, TimePoint now) const {
    const Duration age_max = view_age_max_of(check.options);
    std::size_t fresh = 0;
    std::size_t fresh_healthy = 0;
    std::size_t all = 0;
    std::size_t all_healthy = 0;
    for (const auto& [vantage, view] : check.views) {
        if (!view.opinion) continue;
        const std::size_t healthy = view.opinion == HealthStatus::healthy ? 1 : 0;
        ++all;
        all_healthy += healthy;
        if (now - view.seen > age_max) continue;
        ++fresh;
        fresh_healthy += healthy;
    }
    if (all == 0) return HealthStatus::healthy;
    if (fresh > 0) return status_of(is_quorum(check.options.quorum, fresh_healthy, fresh));
    return status_of(is_quorum(check.options.quorum, all_healthy, all));
}

HealthStatus HealthChecks::evaluate(const Check& check, TimePoint now) const {
    const CheckOptions& options = check.options;
    if (options.disabled) return HealthStatus::healthy;
    if (options.type == CheckType::calculated) {
        const auto healthy = std::ranges::count_if(options.children, [&](const CheckName& child) {
            return checks_.at(child).status == HealthStatus::healthy;
        });
        return status_of(static_cast<std::size_t>(healthy) >= options.healthy_children_min);
    }
    if (options.type != CheckType::alarm) return evaluate_views(check, now);
    if (!check.alarm) return HealthStatus::healthy;  // new: nothing was said yet
    if (check.alarm != AlarmState::insufficient_data || options.insufficient_data == InsufficientData::last_known)
        return check.alarm_known;
    return status_of(options.insufficient_data == InsufficientData::healthy);
}

void HealthChecks::reconsider(Check& check, TimePoint now, StatusChanges& changes) {
    const bool healthy = (evaluate(check, now) == HealthStatus::healthy) != check.options.inverted;
    if (status_of(healthy) == check.status) return;
    check.status = status_of(healthy);
    changes.push_back({check.options.name, check.status});
    for (const auto& parent : check.counted_by) reconsider(checks_.at(parent), now, changes);
}

}  // namespace cloudshelf::core
