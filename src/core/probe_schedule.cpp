#include "core/probe_schedule.hpp"

#include "base/assert.hpp"

#include <cmath>

namespace cloudshelf::core {
namespace {

// Steps of the golden ratio around a circle leave no wide gap after any number of steps (the three-gap theorem).
constexpr double golden_step = 0.6180339887498949;

Duration share(Duration whole, double part) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * part));
}

}  // namespace

ProbeSchedule::ProbeSchedule(Options options) : options_(options), random_(options.seed), first_phase_(random_.unit()) {
    CLOUDSHELF_ASSERT(options.jitter >= 0 && options.jitter <= 0.5);
}

void ProbeSchedule::add(ProbeId id, Duration interval, ProbePacing pacing, TimePoint now) {
    CLOUDSHELF_ASSERT(interval > Duration::zero());
    double whole = 0;
    const double phase = std::modf(first_phase_ + static_cast<double>(added_[interval]++) * golden_step, &whole);
    if (checks_.size() <= id.value()) checks_.resize(id.value() + 1);
    Check& check = checks_[id.value()].emplace();
    check = {.interval = interval, .pacing = pacing, .nominal = now + share(interval, phase)};
    plan(id, check);
}

void ProbeSchedule::remove(ProbeId id) {
    if (id.value() < checks_.size()) checks_[id.value()].reset();
}

std::optional<ProbeSchedule::Due> ProbeSchedule::take(TimePoint now) {
    drop_outdated();
    if (planned_.empty() || planned_.top().at > now) return std::nullopt;
    const Planned due = planned_.top();
    planned_.pop();
    Check& check = *checks_[due.id.value()];
    if (check.pacing == ProbePacing::fixed) {
        // Counted from when it was meant, so that the checks stay spread as they are.
        const auto missed = now > check.nominal ? (now - check.nominal) / check.interval : 0;
        check.nominal += check.interval * (missed + 1);
        plan(due.id, check);
    }
    return Due{.id = due.id, .meant = due.at};
}

void ProbeSchedule::answered(ProbeId id, TimePoint now) {
    if (id.value() >= checks_.size() || !checks_[id.value()]) return;
    Check& check = *checks_[id.value()];
    if (check.pacing != ProbePacing::after_answer) return;
    check.nominal = now + check.interval;
    plan(id, check);
}

std::optional<TimePoint> ProbeSchedule::next() {
    drop_outdated();
    if (planned_.empty()) return std::nullopt;
    return planned_.top().at;
}

void ProbeSchedule::plan(ProbeId id, Check& check) {
    check.version = ++version_;
    const Duration moved = share(check.interval, options_.jitter * (2 * random_.unit() - 1));
    planned_.push({check.nominal + moved, id, check.version});
}

void ProbeSchedule::drop_outdated() {
    while (!planned_.empty()) {
        const auto& check = checks_[planned_.top().id.value()];
        if (check && check->version == planned_.top().version) return;
        planned_.pop();
    }
}

}  // namespace cloudshelf::core
