#pragma once

#include "core/leadership.hpp"
#include "store/store.hpp"

#include <functional>
#include <optional>
#include <string>

namespace cloudshelf::controller {

/// Keys of the control plane in the state store.
inline constexpr const char* leader_key = "control/leader";  // the leader's lease, a core::LeaseRecord
inline constexpr const char* term_key = "control/term";      // the newest term that anything was journalled in
inline constexpr const char* format_key = "control/format";  // what one must be able to read to lead (base/version)

/// The shell around the leader's lease (core/leadership): takes it when it may, renews it, and says when it is lost.
/// Whoever loses it ends the process: nothing half begun may go on, and the site's init starts a follower.
class Leadership {
public:
    struct Options {
        RegionName site;
        core::LeaseTerms terms;
    };
    /// What this controller knows now, for the rule.
    using Ask = std::function<core::Candidate()>;

    Leadership(io::Executor executor, store::Store& store, Options options, Ask ask);

    /// Terms that there were, from before this process: a store that knows less was lost or restored, and nobody leads
    /// over it until a person has had it rebuilt.
    void remember(Epoch term) { known_ = std::max(known_, term); }
    /// The newest term that this controller knows of.
    Epoch known() const { return std::max(known_, lease_.mark().epoch); }
    /// Why this controller does not take the lead although it might: an error, "store.forgot" or "store.newer-format".
    const std::optional<Error>& refuses() const { return refuses_; }

    /// Returns when this controller leads, with its term. From then on the journal takes its entries, and no longer
    /// those of a leader before it.
    io::Task<Epoch> win();
    /// Renews the lease until it is lost or let go of, and says why.
    io::Task<std::string> keep();
    /// Makes keep() hand over.
    void let_go() { letting_go_ = true; }

    /// From now on leads() says so: the new leader knows what was decided before.
    void announce() { announced_ = true; }
    bool leads() const { return announced_ && holder_ && holder_->deadline().has_value(); }
    /// Whether no leader is known, or it has let its renewals slip: another may lead soon.
    bool is_overdue(TimePoint now) const;
    /// The lease as last seen; nobody's when there is none.
    const std::optional<core::LeaseRecord>& record() const { return lease_.record(); }
    /// When the store answered last.
    std::optional<TimePoint> store_heard() const { return store_heard_; }

private:
    io::Task<void> look();
    /// The newest term in the store, where it is one that we may lead over.
    io::Task<std::optional<Epoch>> judge_store();
    io::Task<bool> take();
    io::Task<bool> begin_term();
    io::Task<void> renew(TimePoint sent_at);
    io::Task<void> release();
    void tell(const core::LeaseEvent& event);

    io::Executor executor_;
    store::Store& store_;
    Options options_;
    Ask ask_;
    core::LeaseTaker lease_;
    std::optional<core::LeaseHolder> holder_;
    std::optional<TimePoint> free_since_;
    std::optional<TimePoint> store_heard_;
    TimePoint led_since_{};
    Epoch known_{0};
    std::optional<Error> refuses_;
    bool announced_ = false;
    bool renewing_ = false;
    bool letting_go_ = false;
    std::string lost_;
};

}  // namespace cloudshelf::controller
