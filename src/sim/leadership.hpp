#pragma once

#include "core/leadership.hpp"
#include "sim/world.hpp"

#include <functional>
#include <optional>
#include <string>

namespace cloudshelf::sim {

/// The shell around the leader's lease, as src/controller/leadership does it: takes it when it may, renews it, says
/// when it is lost. Whoever loses it ends its process.
class Leadership {
public:
    using Ask = std::function<core::Candidate()>;
    Leadership(World& world, std::size_t site, Ask ask);

    /// Returns when this controller leads. From then on the journal takes its entries, and none of a leader before it.
    Task<> win();
    /// Renews the lease until it is lost or let go of.
    Task<> keep();
    void let_go() { letting_go_ = true; }

    void announce();
    bool leads() const;
    std::uint64_t term() const { return holder_ ? holder_->epoch().value() : 0; }
    std::optional<TimePoint> store_heard() const { return store_heard_; }

private:
    Task<> look();
    Task<bool> take();
    Task<bool> begin_term();
    Task<> renew(TimePoint sent_at);
    Task<> release();
    void tell(const core::LeaseEvent& event);
    Task<std::optional<StoreReply>> swap(core::LeaseRecord next);

    World& world_;
    std::size_t site_;
    Process& process_;
    Ask ask_;
    core::LeaseTerms terms_;
    core::LeaseTaker lease_;
    std::optional<core::LeaseHolder> holder_;
    std::optional<TimePoint> free_since_;
    std::optional<TimePoint> store_heard_;
    TimePoint led_since_{};
    bool announced_ = false;
    bool renewing_ = false;
    bool letting_go_ = false;
    bool lost_ = false;
};

}  // namespace cloudshelf::sim
