#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/lease_record.hpp"

#include <cstdint>
#include <optional>

namespace cloudshelf::core {

/// What the writer sees of its standby.
struct StandbyView {
    bool streams = false;
    bool is_waited_for = false;  // the server counts it as its synchronous standby
    Lsn written{0};              // by the writer
    std::uint64_t lag = 0;       // of that, what the standby has not flushed

    Lsn flushed() const { return Lsn(written.value() - lag); }
};

/// Whom a commit that asks for it waits for.
enum class CommitsWait { as_before, for_standby, for_nobody };

/// Whether orders and payments are promised to be at the standby as well (design §7). No acknowledgement is ever less
/// protected than the lease's record says: the server waits before `in_step` is recorded, and goes on waiting until
/// something else is.
class SyncKeeper {
public:
    struct Options {
        Duration patience{};               // how long a standby may be away while orders wait for it
        bool degrades = true;              // then they go on without it, or (policy `block`) wait all the same
        std::uint64_t lag_max = 1u << 20;  // a standby that has further to go is not waited for yet
    };
    /// What a test may break on purpose, to see that the others notice.
    enum class Planted { nothing, in_step_before_anybody_waits, in_step_before_it_caught_up };

    explicit SyncKeeper(Options options, Planted planted = Planted::nothing) : options_(options), planted_(planted) {}

    /// What the next renewal of the lease says.
    Sync wanted() const { return wanted_; }

    /// A writer opens with this in the record.
    void opens(Sync recorded);
    /// A renewal that says this is about to be sent.
    void sends(Sync sync);
    /// It was stored; whatever was sent before it comes too late now.
    void stored(Sync sync);

    /// One look at the standby, with what is recorded by now. The answer is to be carried out at once.
    CommitsWait look(Sync recorded, const StandbyView& standby, TimePoint now);
    /// After the server was made to wait for the standby: what it looks like now.
    void waits(const StandbyView& standby);

private:
    Options options_;
    Planted planted_;
    Sync wanted_ = Sync::degraded;
    bool in_step_may_be_stored_ = false;
    TimePoint streamed_at_{};
    bool waited_before_ = false;      // at the look before
    std::optional<Lsn> to_be_there_;  // what may have been acknowledged before anybody waited
};

}  // namespace cloudshelf::core
