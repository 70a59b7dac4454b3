#include "core/leadership.hpp"

#include <algorithm>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

constexpr Duration leader_lease_min = 2s;
constexpr int leader_beats = 10;          // in one lease
constexpr int leases_before_handing = 3;  // that a leader keeps the lead at least

}  // namespace

int unfitness(const Candidate& candidate, const RegionName& site) {
    if (candidate.writers.contains(site)) return 2;
    return candidate.regions.contains(site) ? 1 : 0;
}

std::optional<TimePoint> may_lead_at(
    const Candidate& candidate, const LeaseTaker& lease, const LeaseTerms& terms, TimePoint free_since
) {
    // Long enough for a fitter one to come first, a lost message included.
    const Duration patience = unfitness(candidate, candidate.site) * 3 * terms.beat;
    const auto& record = lease.record();
    if (!record) return free_since + patience;
    const auto available = lease.available_at();
    if (!available) return std::nullopt;
    if (record->region != candidate.site) return *available + patience;
    // Ours, of a process that is gone; or that we let go of for somebody else, who gets the time to take it.
    return record->released ? *available + terms.taker() : lease.first_seen();
}

bool hands_over(const Candidate& leader, const LeaseTerms& terms, TimePoint led_since, TimePoint now) {
    if (leader.move_under_way || now - led_since < leases_before_handing * terms.duration) return false;
    const int own = unfitness(leader, leader.site);
    return std::ranges::any_of(leader.alive, [&](const RegionName& site) { return unfitness(leader, site) < own; });
}

LeaseTerms leader_terms(const LeaseTerms& writer) {
    LeaseTerms terms = writer;
    terms.duration = std::max<Duration>(writer.duration, leader_lease_min);
    terms.beat = std::max<Duration>(writer.beat, terms.duration / leader_beats);
    return terms;
}

}  // namespace cloudshelf::core
