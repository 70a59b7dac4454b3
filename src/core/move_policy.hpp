#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/detection.hpp"
#include "core/lease_record.hpp"

#include <optional>
#include <string>
#include <variant>

namespace cloudshelf::core {

/// Who decides a move (design §5): a third site votes; the lease alone; a person.
enum class DecidedBy { witness, lease, confirm };

/// What is known of the region that would take over.
struct StandbyState {
    bool reachable = false;
    bool has_data = false;        // a database, of whatever age
    bool follows = false;         // its server runs, as a standby
    std::uint64_t lag_bytes = 0;  // as last seen while the writer lived
    double lag_seconds = 0;
};

/// All that a decision about a move rests on: one snapshot, so that it can be recorded and repeated.
struct Situation {
    std::optional<LeaseRecord> lease;
    Verdict writer = Verdict::unknown;
    /// The lease has run out, and the writer's own agent says, again and again, that it does not write.
    bool writer_gave_up = false;
    /// The lease has run out, and the region that took it says, again and again, that its database was never opened:
    /// the move that gave it the lease ended in the middle.
    bool writer_never_opened = false;
    /// The agent of the region that the lease names answers, and there is a database.
    bool writer_could_open = false;
    StandbyState standby;
    RegionName standby_region;
    bool move_under_way = false;
    bool store_forgot = false;
    /// The newest epoch that an agent remembers: newer than the lease's, the store was rolled back while nobody looked.
    Epoch newest_known{0};
    std::optional<TimePoint> last_move_ended;
    int automatic_moves_in_window = 0;
    bool move_unacknowledged = false;  // the last automatic move: no person has said a word since
    double clock_drift_ppm = 0;        // the most that a site's clock was measured to differ, where that exceeds ρ
};

struct MoveRules {
    DecidedBy decided_by = DecidedBy::witness;
    Duration hold_down{};         // after a move, until the next automatic one
    int automatic_moves_max = 3;  // in a window
    bool acknowledge_before_next = false;
    std::uint64_t lag_bytes_max = 64 << 20;
    double lag_seconds_max = 60;
};

/// Why nothing moves, or what does. `code` is stable ("guard.standby-behind"); `why` is for a person.
struct Stay {
    std::string code;
    std::string why;
};
struct Go {
    RegionName to;
};
/// A move that a person has to allow, knowing what may be lost.
struct Ask {
    RegionName to;
    std::string code;
    std::string why;
};
using Decision = std::variant<Stay, Go, Ask>;

enum class AcceptLoss : bool { no, yes };

/// Whether to fail over by itself now.
Decision decide_failover(const Situation& situation, const MoveRules& rules, TimePoint now);

/// Whether the question that a person was asked has answered itself: the writer writes again.
bool is_withdrawn(const Situation& situation);

/// What was decided may have stopped being true before the lease is taken: a writer that came back meanwhile may have
/// acknowledged orders without the standby. Nothing, or why it may not be taken without a person's word.
std::optional<Stay> may_not_take(const LeaseRecord& old, const RegionName& to, AcceptLoss accept);

/// Whether a person's failover or failback may begin; Stay names the guard that refuses.
Decision allow_failover(const Situation& situation, const MoveRules& rules, AcceptLoss accept);
Decision allow_switchover(const Situation& situation, const MoveRules& rules);

}  // namespace cloudshelf::core
