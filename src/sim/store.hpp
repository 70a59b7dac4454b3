#pragma once

#include "core/lease_record.hpp"
#include "sim/network.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::sim {

class World;

/// What the store holds: two leases, the term of the journal, and the journal.
struct StoreState {
    struct Key {
        std::uint64_t revision = 0;  // 0: not there
        core::LeaseRecord record;
    };
    Key lease;   // of the application
    Key leader;  // of the control plane
    std::uint64_t term_revision = 0;
    std::uint64_t term = 0;
    struct Entry {
        std::string execution;
        std::string state;  // an execution as JSON
    };
    std::vector<Entry> journal;
};

/// What a change, or a look, was answered.
struct StoreReply {
    bool answered = false;  // by a leader with a quorum behind it
    bool stored = false;
    std::uint64_t revision = 0;  // of what was asked about; of the journal, its length
    core::LeaseRecord record;
    std::uint64_t term = 0;
    std::vector<StoreState::Entry> journal;
};

/// A modelled etcd: three members, one of which leads; everything passes through it and one other. What is done is done
/// at one moment for all.
class Store {
public:
    explicit Store(World& world) : world_(world) {}

    enum class Kind { look, change };
    using Operation = std::function<StoreReply(StoreState&)>;
    /// From a process at any site: through the member there, or another. Nothing: not done, or nobody knows.
    Task<std::optional<StoreReply>> ask(Process& from, Kind kind, Operation operation);

    /// The leading member moves beside the controller that asks for it.
    void lead_from(std::size_t site);
    /// Elections: looks after them from now on.
    void start();

    const StoreState& truth() const { return state_; }
    StoreState& begin_with() { return state_; }

    // Faults.
    void elect();
    void slow_by(Duration more) { slower_ = more; }
    void mute(std::uint64_t answers_ppm) { mute_ppm_ = answers_ppm; }
    void fill(bool full) { full_ = full; }
    bool full() const { return full_; }
    void keep_history() { keeps_history_ = true; }
    void roll_back(Duration history);
    void heal();

private:
    Task<StoreReply> serve(std::size_t member, Kind kind, Operation operation);
    Task<StoreReply> lead(std::size_t member, Kind kind, Operation operation);
    std::optional<std::size_t> follower_of(std::size_t member) const;
    bool may_lead(std::size_t member) const;
    void look_after_elections();
    void become_leader(std::size_t member);
    Duration election() const;
    Process& process(std::size_t member);
    const Process& process(std::size_t member) const;

    World& world_;
    StoreState state_;
    std::array<StoreState, 3> copies_;  // what each member has; only where a planted bug reads it
    std::optional<std::size_t> leader_ = 0;
    std::uint64_t ballot_ = 1;  // a leader's time ends with it
    TimePoint leader_fit_{};
    Duration slower_{};
    std::uint64_t mute_ppm_ = 0;
    bool full_ = false;
    bool keeps_history_ = false;
    std::vector<std::pair<TimePoint, StoreState>> history_;
};

}  // namespace cloudshelf::sim
