#pragma once

#include "core/detection.hpp"
#include "core/execution.hpp"
#include "core/plan.hpp"
#include "core/recent_moves.hpp"
#include "sim/agent.hpp"
#include "sim/leadership.hpp"
#include "sim/world.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace cloudshelf::sim {

/// The model of a site's controller around the core's detection, moves and executions: every one watches, the one that
/// leads decides.
class Controller {
public:
    Controller(World& world, std::size_t site);
    /// Begins its loops.
    void start();

    static constexpr int automatic_moves_max = 3;
    static Duration moves_window(const World& world) { return world.scaled(std::chrono::seconds(10)); }

    // The store, for agents. Compare-and-swap on the lease alone.
    Task<StoreAnswer> read_store();
    Task<StoreAnswer> compare_and_swap(std::uint64_t expected, core::LeaseRecord next);

    // For other controllers.
    struct Peer {
        bool answers = false;
        bool store = false;  // it hears from it
    };
    Task<Peer> leader_status();

    // What a person does. Answers the execution's id, the guard, or "leader-moves".
    std::string ask_for(const std::string& procedure, core::AcceptLoss accept);
    void approve_all();
    const std::map<std::string, core::Execution>& executions() const { return executions_; }
    bool leads() const { return leadership_.leads(); }
    std::size_t site() const { return site_; }

private:
    struct Seen {
        bool gateway = false;
        bool agent = false;
        int not_writing_looks = 0;
        int standby_looks = 0;
        RegionStatus status;
        RegionStatus last_standby;
    };
    Task<> watch(std::size_t i);
    Task<> look_at_gateway(std::size_t i, bool late);
    Task<> look_at_agent(std::size_t i, bool late);
    void hear(std::size_t i, bool late);
    Task<> watch_peer(std::size_t i);
    Task<> watch_leases();
    core::Candidate candidate() const;
    bool store_answers() const;

    Task<> lead();
    Task<> read_journal();
    void resume();
    Task<> keep_store_near();
    Task<> decide();
    Task<> reconcile_names();
    bool move_under_way() const;
    core::Situation situation() const;
    std::string begin(
        const std::string& procedure,
        core::Mode mode,
        std::size_t to,
        const std::string& guard,
        std::map<std::string, std::string> notes = {}
    );
    void tell(const std::string& id, const core::ExecutionEvent& event);
    void obey(const std::string& id, std::vector<core::ExecutionCommand> commands);
    Task<> drain(std::string id);
    Task<bool> append(std::string id, std::string state);
    void carry_out(const std::string& id, const core::ExecutionCommand& command);
    bool is_wanted(const std::string& id, const core::Perform& what) const;
    Task<> perform(std::string id, core::Perform what);
    bool slept_since(TimePoint begun) const;
    std::string clock_id() const;

    // Actions: an empty text, or the code of what went wrong.
    Task<> refresh();
    Task<std::string> act(std::string action, core::Execution& execution, TimePoint deadline);
    Task<std::string> take_lease(core::Execution& execution, TimePoint deadline);
    Task<std::string> wait_for_replay(std::size_t region, std::uint64_t position, TimePoint deadline);
    Task<std::string> check_standby_for(const core::Execution& execution);
    Task<std::string> promote(core::Execution& execution, TimePoint deadline);
    Task<std::string> try_order(std::size_t at, TimePoint deadline);
    bool has_to_follow(std::size_t site, std::size_t to) const;
    Task<std::string> switch_names(core::Execution& execution, TimePoint deadline);
    Task<std::string> verify_outside(core::Execution& execution);
    Task<std::string> resume_writer(core::Execution& execution, TimePoint deadline);
    Task<std::string> ask_agent(std::size_t i, std::function<Task<std::string>(Agent&)> what, TimePoint deadline);
    Task<std::optional<RegionStatus>> status_of(std::size_t i, Duration limit);
    Task<std::string> point_names(std::size_t site, std::uint64_t epoch, std::size_t to);
    Task<std::string> change_names(std::size_t site, std::uint64_t epoch, std::uint64_t change, std::size_t to);

    World& world_;
    std::size_t site_;
    Process& process_;
    core::LeaseTaker taker_;
    core::MoveRules rules_;
    core::Procedure failover_;
    core::Procedure failback_;
    Leadership leadership_;
    std::array<Peer, 3> peers_;
    std::map<std::string, core::Execution> executions_;
    struct Waiting {
        core::ExecutionCommand command;
        std::string state;
    };
    std::map<std::string, std::deque<Waiting>> queue_;  // what is there is being drained
    std::uint64_t journal_length_ = 0;
    std::array<Seen, 3> seen_;
    std::vector<core::RegionHealth> health_;
    std::array<bool, 2> streams_here_{};  // regions that this site's own replica receives from
    std::optional<TimePoint> last_move_ended_;
    core::RecentMoves automatic_moves_;
    std::uint64_t next_id_ = 1;
};

}  // namespace cloudshelf::sim
