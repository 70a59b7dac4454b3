#pragma once

#include "core/lease.hpp"
#include "core/sync_keeper.hpp"
#include "drivers/clocks/site_clocks.hpp"
#include "io/http.hpp"
#include "io/lease_page.hpp"
#include "region/agent/config.hpp"
#include "region/agent/promises.hpp"
#include "region/agent/store_client.hpp"
#include "region/agent/writer_intervals.hpp"

#include <functional>
#include <optional>
#include <string>

namespace cloudshelf::region {

/// The write lease as this region sees it, and the writer's duty: to renew it in the store, to ask the standby for a
/// promise, and to show on the lease page what the fencer and the gateway may rely on (docs/architecture.md, "The
/// lease"). core::LeaseHolder decides, core::SyncKeeper knows what a renewal may say of the standby.
class WriteLease {
public:
    WriteLease(
        io::Executor executor,
        const AgentConfig& config,
        io::HttpClient& client,
        clocks::SiteClocks& clocks,
        StoreClient& store,
        Promises& promises,
        io::LeasePage page
    );

    /// Hears why the lease is not held any more.
    void when_lost(std::function<void(const std::string& why)> hears) { hears_of_loss_ = std::move(hears); }
    /// Renews it while it is held, until the end.
    io::Task<void> beat();

    /// Reads the store. Nothing where there is no lease, the store says nothing, or we hold it meanwhile.
    io::Task<std::optional<core::LeaseRecord>> look();
    /// Takes what the store was seen to hold for what is there.
    void saw(const StoreClient::Found& found);
    /// The lease that was seen last, for the page of a region that does not hold it. A page that still allows writes at
    /// its epoch stays: an agent that was started again only has to go on.
    void show_not_held();

    /// Renews the lease that was seen last once, at its epoch: proof that it is current. Then it is held, and the page
    /// armed. Errors: "conflict", those of StoreClient::swap, "agent.too-late".
    io::Task<Result<void>> take_up(core::Sync sync);
    /// Nothing is written here any more. For whoever holds it.
    void lose(const std::string& why);
    /// Gateways hold writes. For whoever holds it.
    void pause();
    void resume();
    /// Lets go of it with the word of the server that has stopped. False: the store did not take that; it is not held
    /// all the same.
    io::Task<bool> release(core::PromotionToken token);

    bool is_held() const { return holder_.has_value(); }
    bool is_held_at(Epoch epoch) const { return holder_ && holder_->epoch() == epoch; }
    /// At which epoch it is held.
    std::optional<Epoch> held() const;
    /// Until when writes are allowed, while it is held.
    std::optional<TimePoint> deadline() const { return holder_ ? holder_->deadline() : std::nullopt; }
    /// As last seen in the store.
    const std::optional<core::LeaseRecord>& record() const { return record_; }
    /// A switchover is under way: the server is about to stop, …
    bool is_pausing() const { return paused_ || release_with_; }
    /// … or has.
    bool is_releasing() const { return release_with_.has_value(); }
    io::LeaseView page() const { return page_.read(); }
    bool may_write() const;
    core::SyncKeeper& sync() { return sync_; }

private:
    io::Task<void> renew(TimePoint sent_at);
    /// The store was made anew, and says that we go on at a newer epoch: proved as at a beginning.
    io::Task<void> go_on();
    io::Task<void> ask_promise(TimePoint sent_at);
    void tell(const core::LeaseEvent& event);
    void show(io::WriteState state, TimePoint deadline);
    void end_holding();

    io::Executor executor_;
    const AgentConfig& config_;
    io::HttpClient& client_;
    clocks::SiteClocks& clocks_;
    StoreClient& store_;
    Promises& promises_;
    io::LeasePage page_;
    WriterIntervals intervals_;
    std::function<void(const std::string& why)> hears_of_loss_;

    std::optional<core::LeaseHolder> holder_;
    std::optional<core::LeaseRecord> record_;
    std::uint64_t revision_ = 0;
    core::SyncKeeper sync_;
    core::RenewalTries tries_;
    std::optional<core::PromotionToken> release_with_;
    bool paused_ = false;
    bool renewing_ = false;
    bool asking_ = false;
};

}  // namespace cloudshelf::region
