#pragma once

#include "core/detection.hpp"
#include "core/execution.hpp"
#include "sim/agent.hpp"
#include "sim/world.hpp"

#include <map>
#include <optional>
#include <string>

namespace cloudshelf::sim {

/// The model of the controller around the core's detection, moves and executions; the state store lives with it.
class Controller {
public:
    explicit Controller(World& world);
    /// Reads what is on disk, resumes executions, begins its loops.
    void start();

    // The store, for agents. Compare-and-swap on the lease alone.
    Task<StoreAnswer> read_store();
    Task<StoreAnswer> compare_and_swap(std::uint64_t expected, core::LeaseRecord next);

    // What a person does. Answers the execution's id, or the guard.
    std::string ask_for(const std::string& procedure, core::AcceptLoss accept);
    void approve_all();
    const std::map<std::string, core::Execution>& executions() const { return executions_; }

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
    Task<> decide();
    Task<> reconcile_names();
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
    Task<> perform(std::string id, core::Perform what);
    bool slept_since(TimePoint begun) const;

    // Actions: an empty text, or the code of what went wrong.
    Task<std::string> act(std::string action, core::Execution& execution, TimePoint deadline);
    Task<std::string> take_lease(core::Execution& execution, TimePoint deadline);
    Task<std::string> check_standby_for(const core::Execution& execution);
    Task<std::string> promote(core::Execution& execution, TimePoint deadline);
    Task<std::string> try_order(std::size_t at, TimePoint deadline);
    Task<std::string> switch_names(core::Execution& execution, TimePoint deadline);
    Task<std::string> resume_writer(core::Execution& execution, TimePoint deadline);
    Task<std::string> ask_agent(std::size_t i, std::function<Task<std::string>(Agent&)> what, TimePoint deadline);
    Task<std::optional<RegionStatus>> status_of(std::size_t i, Duration limit);
    Task<bool> point_names(std::size_t site, std::uint64_t epoch, std::size_t to);
    Task<bool> change_names(std::size_t site, std::uint64_t epoch, std::uint64_t change, std::size_t to);

    World& world_;
    Process& process_;
    core::LeaseTaker taker_;
    core::MoveRules rules_;
    std::map<std::string, core::Execution> executions_;
    std::map<std::string, std::vector<core::ExecutionCommand>> postponed_;
    std::array<Seen, 2> seen_;
    std::vector<core::RegionHealth> health_;
    std::optional<TimePoint> last_move_ended_;
    std::vector<TimePoint> automatic_moves_;
    std::uint64_t next_id_ = 1;
};

}  // namespace cloudshelf::sim
