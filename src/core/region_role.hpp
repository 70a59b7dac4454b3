#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/lease.hpp"

#include <optional>

namespace cloudshelf::core {

/// What a region's agent finds at home.
struct LocalState {
    bool has_data = false;
    bool is_standby = false;  // the data says so: it accepts no write when it starts
    bool is_running = false;
    bool holds_lease = false;
    Epoch known{0};        // the newest epoch kept durably
    bool gave_up = false;  // the server did not come back while the lease was ours: somebody else may have it
};

/// What the agent does next.
enum class NextMove {
    nothing,       // all is as it should be
    wait,          // for the controller's command, or for a writer to follow
    distrust,      // the store knows less than we do: a person has to look (reliability.md R2)
    initialize,    // the first writer of all makes the database
    resume,        // prove the epoch, then start as primary; also one that continues ours, in a store made anew
    follow,        // start as the standby that the data says it is
    rejoin,        // the data is an old writer's, or there is none: become a standby of the writer
    stop_writing,  // a server that could write runs without a lease
};

/// The one rule for which role a region takes, from the lease and what is at home. A region never becomes the writer by
/// this rule alone unless it was the writer of this very epoch before: everybody else waits for a promotion that
/// carries a fence record.
NextMove next_move(const RegionName& self, const std::optional<LeaseRecord>& lease, const LocalState& local);

const char* name(NextMove move);

/// Whether a region that was the writer sends customers to the other one, on its own nameserver: it may not write, and
/// the store has been silent for so long that the other region, which was in step, writes by now, if anybody does.
bool sends_customers_away(
    const RegionName& self,
    const std::optional<LeaseRecord>& lease,
    bool holds_lease,
    Duration store_silence,
    const LeaseTerms& terms
);

/// What the holder of the lease does about a server that does not answer.
enum class ServerCare { nothing, start, give_up };

/// A server whose process is gone is started again, a few times; one that neither answers nor comes back is given up,
/// so that the other region can take over: a region that holds the lease and cannot write helps nobody.
ServerCare server_care(Duration unanswered, bool process_runs, int failed_starts);

}  // namespace cloudshelf::core
