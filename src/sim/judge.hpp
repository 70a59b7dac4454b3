#pragma once

#include "sim/world.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cloudshelf::sim {

/// Within how long after its last fault a world of this profile has to have a writer that stays: a person approves
/// after 5 s and every 2 s then (50 s and 20 s in `wan`), a leader is found, and the move is made.
Duration liveness_bound(const std::string& profile);

/// Knows what must hold (docs/safety.md), is told what happens, and says when it does not.
class Judge {
public:
    explicit Judge(World& world) : world_(world) {}

    /// This world left what is assumed (a clock beyond the bound, a store that forgot): less is promised from here on.
    void assumption_broken(const std::string& which) { broken_.insert(which); }
    bool is_broken(const std::string& which) const { return broken_.contains(which); }

    // Writers.
    /// A server opens for writes; `promoted`: on a timeline of its own.
    void opened(std::size_t region, bool promoted);
    /// A server took a write into its log.
    void wrote(std::size_t region);
    /// From now on the region's agent acts as one who knows that epoch, and will go on to, whatever happens to it.
    void learnt(std::size_t region, Epoch epoch, core::Whose whose);
    /// It could not read what it knew; a person told it.
    void a_person_set_epoch(std::size_t region, Epoch epoch);
    void acknowledged(const Write& write, bool sync_promised);
    void a_person_accepted_loss() { loss_accepted_ = true; }

    // Names.
    void renamed(std::size_t site, const Nameserver& before);

    // The control plane.
    void took_lead(std::size_t site);
    void let_go(std::size_t site);
    /// An execution was journalled under that term, when the store already knew `newest_term`.
    void journalled(const core::Execution& execution, std::uint64_t term, std::uint64_t newest_term);
    void lease_changed(const core::LeaseRecord& before, const core::LeaseRecord& after);

    /// When the faults have ended: whether somebody writes, watched until the end.
    void watch_recovery();
    /// How long that took; nothing in worlds that left what is assumed, which may have to wait for a person.
    Duration writable_after() const { return broken_.empty() ? not_writable_until_ - healed_at_ : Duration(); }
    /// Nobody writes yet, in a world in which a region stays lost and the other could.
    bool still_recovers() const;
    /// After everything is at rest.
    void judge_the_end();

private:
    bool keeps_time() const { return !is_broken("clock"); }
    bool keeps_memory() const { return !is_broken("store"); }
    /// A store that forgot names the region as its writer, which was away when it gave the newer epoch that the other
    /// opened at, and so cannot know better: the one gap of an assumption that was broken.
    bool could_not_know(std::size_t region) const;
    void judge_switchover(std::size_t region);
    bool could_be_served() const;
    void judge_rest();
    void judge_losses();

    World& world_;
    std::set<std::string> broken_;
    bool loss_accepted_ = false;
    std::uint64_t newest_epoch_ = 1;
    std::size_t newest_region_ = 0;
    std::array<Epoch, 2> learnt_{Epoch(1), Epoch(1)};
    std::array<Epoch, 2> learnt_of_the_other_{Epoch(0), Epoch(0)};
    std::map<Epoch, Lsn> ends_of_writers_;            // that let go of their lease, by the epoch of who took it
    std::map<std::uint32_t, std::size_t> timelines_;  // who opened it
    std::map<std::string, core::ExecutionState> executions_;
    std::vector<TimePoint> automatic_moves_;
    TimePoint healed_at_{};
    TimePoint not_writable_until_{};
    struct Acknowledged {
        Write write;
        bool promised;
    };
    std::vector<Acknowledged> acknowledged_;
};

}  // namespace cloudshelf::sim
