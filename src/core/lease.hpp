#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/lease_record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cloudshelf::core {

/// How long a lease is, and how much two clocks may differ in speed. The arithmetic of every wait is here and nowhere
/// else (design §5, rules 1 and 2).
struct LeaseTerms {
    Duration duration;        // d
    Duration beat;            // how often it is renewed
    int drift_ppm_max = 200;  // ρ

    /// d·(1−ρ): how long the holder may write after it sent a renewal.
    Duration holder() const;
    /// d·(1+ρ): how long a taker waits after it first saw a renewal.
    Duration taker() const;
};

/// However fast a clock was measured to run: beyond this it is none, and a person decides (move_policy).
constexpr int clock_drift_ppm_ceiling = 100'000;

/// The same terms with a ρ so large that either half alone, the holder's or the taker's, makes up for what was measured
/// between two sites' clocks (clock_comparison), up to the ceiling; never a smaller ρ than theirs.
LeaseTerms tightened(LeaseTerms terms, double measured_drift_ppm);

// What the holder is told.

struct Tick {};
/// Our compare-and-swap, sent at `sent_at`, succeeded.
struct RenewalStored {
    TimePoint sent_at;
};
/// The store holds a newer epoch than ours, or our lease was taken.
struct RenewalRefused {
    Epoch current;
};
/// The standby, asked at `sent_at`, promised not to be promoted for d·(1+ρ) from when it was asked.
struct PromiseGranted {
    TimePoint sent_at;
};
/// The standby knows a newer epoch.
struct PromiseRefused {
    Epoch current;
};
using LeaseEvent = std::variant<Tick, RenewalStored, RenewalRefused, PromiseGranted, PromiseRefused>;

// What the holder asks for. A shell carries commands out in the order given.

/// Renew in the store, and ask the standby for a promise: both at once, both counted from `sent_at`.
struct Renew {
    TimePoint sent_at;
};
/// To be obeyed before the first write that relies on the new deadline.
struct ArmFencer {
    TimePoint deadline;
};
struct Fence {
    std::string reason;
};
/// Nothing will happen before this unless something else is told.
struct WakeAt {
    TimePoint at;
};
using LeaseCommand = std::variant<Renew, ArmFencer, Fence, WakeAt>;

/// The holder's half of the write lease (design §5, rules 1 to 4).
///
/// A deadline is counted from the moment a renewal was sent, not from its answer: the store may have applied it at any
/// time in between, so counting from the answer would let us write for longer than a taker waits.
class LeaseHolder {
public:
    /// What a test may break on purpose, to see that the others notice.
    enum class Planted { nothing, counts_from_the_answer };

    LeaseHolder(Epoch epoch, LeaseTerms terms, Planted planted = Planted::nothing);

    /// The only entrance: the same events give the same commands, always.
    std::vector<LeaseCommand> step(const LeaseEvent& event, TimePoint now);

    /// For every renewal and promise that is answered from now on; a deadline that is armed stays.
    void use(LeaseTerms terms);

    /// Writes are allowed strictly before this; nothing is allowed without it.
    std::optional<TimePoint> deadline() const { return fenced_ ? std::nullopt : deadline_; }
    bool is_fenced() const { return fenced_; }
    Epoch epoch() const { return epoch_; }

private:
    std::vector<LeaseCommand> on(const Tick&, TimePoint now);
    std::vector<LeaseCommand> on(const RenewalStored&, TimePoint now);
    std::vector<LeaseCommand> on(const RenewalRefused&, TimePoint now);
    std::vector<LeaseCommand> on(const PromiseGranted&, TimePoint now);
    std::vector<LeaseCommand> on(const PromiseRefused&, TimePoint now);
    std::vector<LeaseCommand> extend(TimePoint sent_at, TimePoint now);
    std::vector<LeaseCommand> lose(std::string reason);

    Epoch epoch_;
    LeaseTerms terms_;
    Planted planted_;
    std::optional<TimePoint> deadline_;
    std::optional<TimePoint> renewal_sent_at_;
    bool fenced_ = false;
};

/// Renewals whose answers were lost. The next try sends the same record, and finding that in the store says that one of
/// them was stored, not which: whoever waits for the lease may have counted since the first.
class RenewalTries {
public:
    enum class Outcome { stored_now, found_there };

    void sends(const LeaseRecord& next, TimePoint sent_at);
    /// From when the lease counts, after the last that was sent.
    TimePoint counts_from(Outcome outcome) const;

private:
    std::optional<LeaseRecord> record_;
    TimePoint first_sent_at_{};
    TimePoint last_sent_at_{};
};

/// A taker's half: watches the key, and says when it may be taken (design §5, rule 2). A restart is a new first sight.
class LeaseTaker {
public:
    explicit LeaseTaker(LeaseTerms terms) : terms_(terms) {}

    /// Counts at once, for what was seen already too.
    void use(LeaseTerms terms) { terms_ = terms; }

    /// How far a store has come. Revisions begin again where a store was made anew, with a newer epoch.
    struct Mark {
        Epoch epoch{0};
        std::uint64_t revision = 0;
        friend auto operator<=>(const Mark&, const Mark&) = default;
    };

    /// What the store holds now, read at `now` or later. A store that forgot (less than was seen before) is not taken
    /// from again: a person has to look (reliability.md R2), and says so by rebuilding it, at an epoch newer than all.
    void saw(std::uint64_t revision, const LeaseRecord& record, TimePoint now);

    /// The same for a store that answers late. `asked_at`: what mark() was when it was asked. An answer that says less
    /// than we know by now, but not less than we knew then, was overtaken on its way and proves nothing.
    void heard(Mark asked_at, std::uint64_t revision, const LeaseRecord& record, TimePoint now);

    const std::optional<LeaseRecord>& record() const { return record_; }
    std::uint64_t revision() const { return revision_; }
    Mark mark() const { return {record_ ? record_->epoch : Epoch(0), revision_}; }
    /// When this revision was first seen; meaningless before there is a record.
    TimePoint first_seen() const { return first_seen_; }
    bool forgot() const { return forgot_; }
    /// From when on the lease may be taken if nothing changes; nothing while there is none, or the store forgot.
    std::optional<TimePoint> available_at() const;
    bool may_take(TimePoint now) const { return available_at() && now >= *available_at(); }

private:
    LeaseTerms terms_;
    std::uint64_t revision_ = 0;
    std::optional<LeaseRecord> record_;
    TimePoint first_seen_{};
    bool forgot_ = false;
};

/// Whose an epoch is, as a region sees it.
enum class Whose { ours, anothers };

/// The newest epochs that a region knows.
struct KnownEpochs {
    Epoch newest{0};
    Epoch of_another{0};  // the newest that was another region's: it is never ours, whatever the store says later
};

/// A standby's promises not to be promoted (design §5, rule 4).
class PromiseBook {
public:
    /// `known` is what was kept durably. After a start, promises made before it may be outstanding.
    PromiseBook(LeaseTerms terms, KnownEpochs known, TimePoint started)
        : terms_(terms), known_(known), forgotten_until_(started + terms.taker()) {}

    /// For every promise from now on.
    void use(LeaseTerms terms) { terms_ = terms; }
    /// Asked by the writer of `epoch`. Granted only at the newest epoch known.
    bool grant(Epoch epoch, TimePoint now);
    /// From now on nothing older is promised. The caller has made it durable first.
    void learn(Epoch epoch, Whose whose);
    Epoch known() const { return known_.newest; }
    const KnownEpochs& epochs() const { return known_; }
    /// Until when a promise may bind us, once the writer before us was fenced like this. A writer that acknowledged its
    /// end waits for nothing any more: what was promised to it, and no later than it, is void.
    TimePoint binding_until(const FenceRecord& fence) const;

private:
    LeaseTerms terms_;
    KnownEpochs known_;
    TimePoint forgotten_until_;  // promises that we do not remember
    TimePoint promised_until_{};
    Epoch promised_to_{0};
};

}  // namespace cloudshelf::core
