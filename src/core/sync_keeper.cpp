#include "core/sync_keeper.hpp"

namespace cloudshelf::core {

void SyncKeeper::opens(Sync recorded) {
    wanted_ = recorded;
    in_step_may_be_stored_ = recorded == Sync::in_step;
    waited_before_ = false;
    to_be_there_.reset();
}

void SyncKeeper::sends(Sync sync) {
    in_step_may_be_stored_ |= sync == Sync::in_step;
}

void SyncKeeper::stored(Sync sync) {
    in_step_may_be_stored_ = sync == Sync::in_step;
}

CommitsWait SyncKeeper::look(Sync recorded, const StandbyView& standby, TimePoint now) {
    if (standby.streams) streamed_at_ = now;
    const bool catches_up = recorded != Sync::in_step && standby.streams && standby.lag < options_.lag_max;
    if (!catches_up || !standby.is_waited_for) {
        waited_before_ = false;
        to_be_there_.reset();
    }
    if (catches_up) return CommitsWait::for_standby;
    if (standby.streams) return CommitsWait::as_before;
    if (recorded == Sync::in_step && now - streamed_at_ > options_.patience) {
        // First say so, in the store; only then stop waiting.
        wanted_ = options_.degrades ? Sync::degraded : Sync::blocked;
    } else if (recorded == Sync::degraded && !standby.is_waited_for) {
        wanted_ = Sync::degraded;
        // A renewal that says otherwise may still be on its way.
        if (!in_step_may_be_stored_) return CommitsWait::for_nobody;
    }
    return CommitsWait::as_before;
}

void SyncKeeper::waits(const StandbyView& standby) {
    if (planted_ == Planted::in_step_before_anybody_waits) wanted_ = Sync::in_step;
    if (!standby.is_waited_for) return;
    if (planted_ == Planted::in_step_before_it_caught_up) wanted_ = Sync::in_step;
    // First make them wait, then say so: the other order would promise what is not yet true. And what was acknowledged
    // before they waited has to be there, too: the position at the second look is beyond all of it.
    if (!waited_before_) {
        waited_before_ = true;
    } else if (!to_be_there_) {
        to_be_there_ = standby.written;
    } else if (standby.flushed() >= *to_be_there_) {
        wanted_ = Sync::in_step;
    }
}

}  // namespace cloudshelf::core
