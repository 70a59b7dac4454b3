#pragma once

#include "core/lease.hpp"
#include "core/promotion.hpp"
#include "core/region_role.hpp"
#include "core/sync_keeper.hpp"
#include "sim/judge.hpp"
#include "sim/world.hpp"

#include <array>
#include <optional>
#include <string>

namespace cloudshelf::sim {

/// What a controller answers about the store.
struct StoreAnswer {
    bool reached = false;  // the store itself said so
    bool stored = false;
    bool found_there = false;  // exactly as wanted, by an earlier try
    std::uint64_t revision = 0;
    core::LeaseRecord lease;
};

/// What a site sees of another.
struct SiteView {
    bool gateway = false;
    bool agent = false;
};

/// What an agent says of its region.
struct RegionStatus {
    std::string role;
    Epoch known{0};
    bool has_data = false;
    bool in_recovery = false;
    bool streaming = false;
    std::uint64_t lag = 0;          // positions
    std::uint64_t replayed = 0;     // positions
    std::array<SiteView, 2> views;  // of the regions
    std::uint64_t names_epoch = 0;
    std::uint64_t names_change = 0;
    bool sent_away = false;
};

struct Promotion {
    Epoch epoch{0};
    core::FenceRecord fence;
    std::optional<core::PromotionToken> token;
    Duration limit{};
};

/// The model of the region's agent around the core's lease, promises and roles. What is written here in the order of
/// the daemon is what the daemon does in that order.
class Agent {
public:
    Agent(World& world, std::size_t index);
    /// Begins its loops.
    void start();

    // What others call.
    Task<RegionStatus> status();
    Task<int> promise(Epoch epoch);                // 0: granted; -1: not; else the newest epoch known here
    Task<std::string> promote(Promotion command);  // "" or the code of the refusal
    Task<std::string> pause(Epoch epoch, Duration limit);
    Task<std::string> demote(Epoch epoch);
    Task<std::string> fence(Epoch epoch);
    Task<std::string> change_names(std::uint64_t epoch, std::uint64_t change, std::size_t points_to);

    const std::optional<core::LeaseRecord>& lease() const { return lease_; }
    std::string role() const;

private:
    Task<> beat();
    Task<> look();
    Task<> watch(std::size_t region);
    Task<> look_at(std::size_t region);
    Task<> tend_names();
    Task<> renew(TimePoint sent_at);
    Task<> ask_promise(TimePoint sent_at);
    Task<std::optional<StoreAnswer>> ask_store(std::function<Task<StoreAnswer>(Controller&)> what);
    Task<std::optional<StoreAnswer>> read_lease();
    Task<std::optional<StoreAnswer>> store_lease(core::LeaseRecord next);
    Task<> take_role(core::NextMove move);
    Task<std::string> become_writer(core::Sync sync);
    /// Starts or promotes the server. One that only died alone comes back as it was configured.
    enum class Configured { anew, as_before };
    Task<bool> open(Configured how);
    Task<> rejoin();
    void care_for_server();
    void keep_in_step();
    void tell(const core::LeaseEvent& event);
    void lose();
    /// False: the disk did not take it, and nothing was learnt.
    bool remember(Epoch epoch, core::Whose whose);
    core::KnownEpochs read_known_epochs() const;
    bool is_witness() const { return index_ == 2; }
    bool streaming() const;
    Region& here() const { return world_.region(index_); }
    Region& peer() const { return world_.region(1 - index_); }

    World& world_;
    std::size_t index_;
    Process& process_;
    core::PromiseBook promises_;
    std::optional<core::LeaseHolder> holder_;
    std::optional<core::LeaseRecord> lease_;
    std::uint64_t revision_ = 0;
    core::SyncKeeper sync_;
    core::RenewalTries tries_;
    std::optional<core::PromotionToken> release_with_;
    bool renewing_ = false;
    bool asking_ = false;
    bool acting_ = false;
    bool paused_ = false;
    std::array<SiteView, 2> views_;
    std::size_t preferred_ = 0;  // controller
    bool sent_away_ = false;
    Epoch gave_up_at_{0};
    TimePoint store_heard_{};
};

}  // namespace cloudshelf::sim
