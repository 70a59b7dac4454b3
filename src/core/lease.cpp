#include "core/lease.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cmath>

namespace cloudshelf::core {

Duration LeaseTerms::holder() const {
    return duration - duration / 1'000'000 * drift_ppm_max;
}
Duration LeaseTerms::taker() const {
    return duration + duration / 1'000'000 * drift_ppm_max;
}

LeaseTerms tightened(LeaseTerms terms, double measured_drift_ppm) {
    const double drift = std::min<double>(measured_drift_ppm, clock_drift_ppm_ceiling) / 1e6;
    // Who is slower by x takes 1/(1−x) as long, which is a little more than 1+x.
    terms.drift_ppm_max = std::max(terms.drift_ppm_max, static_cast<int>(std::ceil(drift / (1 - drift) * 1e6)));
    return terms;
}

LeaseHolder::LeaseHolder(Epoch epoch, LeaseTerms terms, Planted planted)
    : epoch_(epoch), terms_(terms), planted_(planted) {
    CLOUDSHELF_ASSERT(terms.duration > Duration::zero());
    CLOUDSHELF_ASSERT(terms.beat > Duration::zero() && terms.beat < terms.duration);
    CLOUDSHELF_ASSERT(terms.drift_ppm_max >= 0);
}

void LeaseHolder::use(LeaseTerms terms) {
    CLOUDSHELF_ASSERT(terms.duration == terms_.duration && terms.beat == terms_.beat && terms.drift_ppm_max >= 0);
    terms_ = terms;
}

std::vector<LeaseCommand> LeaseHolder::step(const LeaseEvent& event, TimePoint now) {
    if (fenced_) return {};
    // Whatever it is that we are told: after the deadline it is too late.
    if (deadline_ && now >= *deadline_) return lose("lease ran out");
    return std::visit([&](const auto& concrete) { return on(concrete, now); }, event);
}

std::vector<LeaseCommand> LeaseHolder::on(const Tick&, TimePoint now) {
    std::vector<LeaseCommand> commands;
    if (!renewal_sent_at_ || now - *renewal_sent_at_ >= terms_.beat) {
        renewal_sent_at_ = now;
        commands.push_back(Renew{now});
    }
    const TimePoint next_beat = *renewal_sent_at_ + terms_.beat;
    commands.push_back(WakeAt{deadline_ ? std::min(next_beat, *deadline_) : next_beat});
    return commands;
}

std::vector<LeaseCommand> LeaseHolder::on(const RenewalStored& stored, TimePoint now) {
    return extend(stored.sent_at, now);
}
std::vector<LeaseCommand> LeaseHolder::on(const PromiseGranted& granted, TimePoint now) {
    // A promise prolongs a lease, it never begins one: only the store can say whose the epoch is.
    if (!deadline_) return {};
    return extend(granted.sent_at, now);
}

std::vector<LeaseCommand> LeaseHolder::extend(TimePoint sent_at, TimePoint now) {
    CLOUDSHELF_ASSERT(sent_at <= now);
    const TimePoint from = planted_ == Planted::counts_from_the_answer ? now : sent_at;
    const TimePoint deadline = from + terms_.holder();
    if (deadline <= now) return {};                      // It took so long that it allows nothing.
    if (deadline_ && deadline <= *deadline_) return {};  // An older answer, overtaken on the wire.
    deadline_ = deadline;
    return {ArmFencer{deadline}};
}

std::vector<LeaseCommand> LeaseHolder::on(const RenewalRefused& refused, TimePoint) {
    return lose(refused.current < epoch_ ? "the store knows an older epoch: it forgot" : "the lease was taken");
}

std::vector<LeaseCommand> LeaseHolder::on(const PromiseRefused& refused, TimePoint) {
    if (refused.current <= epoch_) return {};
    return lose("the standby knows a newer epoch");
}

std::vector<LeaseCommand> LeaseHolder::lose(std::string reason) {
    fenced_ = true;
    return {Fence{std::move(reason)}};
}

void RenewalTries::sends(const LeaseRecord& next, TimePoint sent_at) {
    if (record_ != next) first_sent_at_ = sent_at;
    record_ = next;
    last_sent_at_ = sent_at;
}

TimePoint RenewalTries::counts_from(Outcome outcome) const {
    return outcome == Outcome::stored_now ? last_sent_at_ : first_sent_at_;
}

void LeaseTaker::saw(std::uint64_t revision, const LeaseRecord& record, TimePoint now) {
    const Mark seen{record.epoch, revision};
    if (seen < mark()) {
        forgot_ = true;
        return;
    }
    if (record_ && seen == mark()) return;
    const bool rebuilt = record.continues && record_ && record.epoch > record_->epoch;
    if (rebuilt) forgot_ = false;
    revision_ = revision;
    record_ = record;
    first_seen_ = now;
}

void LeaseTaker::heard(Mark asked_at, std::uint64_t revision, const LeaseRecord& record, TimePoint now) {
    const Mark seen{record.epoch, revision};
    if (seen >= asked_at && seen < mark()) return;
    saw(revision, record, now);
}

std::optional<TimePoint> LeaseTaker::available_at() const {
    if (!record_ || forgot_) return std::nullopt;
    return record_->released ? first_seen_ : first_seen_ + terms_.taker();
}

bool PromiseBook::grant(Epoch epoch, TimePoint now) {
    if (epoch < known_.newest) return false;
    promised_until_ = std::max(promised_until_, now + terms_.taker());
    promised_to_ = std::max(promised_to_, epoch);
    return true;
}

void PromiseBook::learn(Epoch epoch, Whose whose) {
    known_.newest = std::max(known_.newest, epoch);
    if (whose == Whose::anothers) known_.of_another = std::max(known_.of_another, epoch);
}

TimePoint PromiseBook::binding_until(const FenceRecord& fence) const {
    const bool released = fence.how == FenceHow::acknowledged && promised_to_ <= fence.epoch;
    return released ? forgotten_until_ : std::max(forgotten_until_, promised_until_);
}

}  // namespace cloudshelf::core
