#pragma once

#include "controller/actions.hpp"
#include "controller/backup_keeper.hpp"
#include "controller/command_queue.hpp"
#include "controller/config.hpp"
#include "controller/services.hpp"
#include "controller/watch.hpp"
#include "core/execution.hpp"
#include "core/lease.hpp"
#include "core/move_policy.hpp"
#include "core/recent_moves.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::controller {

/// One application as a controller sees it: every controller watches it; the one that leads decides, and carries
/// executions out.
class Application {
public:
    /// Names executions: unique among all applications.
    using NextId = std::function<std::string()>;

    Application(const Services& services, const ApplicationConfig& config, RegionName site, NextId next_id);
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;

    const ApplicationConfig& config() const { return config_; }
    const core::LeaseTaker& lease() const { return taker_; }
    const Watch& watch() const { return watch_; }

    /// Begins to look at the regions, after `phase`.
    void begin_watching(Duration phase) { watch_.begin(phase); }
    /// What the store says of the lease. `asked_at`: lease().mark() when it was asked.
    void heard(core::LeaseTaker::Mark asked_at, const store::Entry& lease);

    /// An entry of the journal that belongs to this application, while the journal is read at the beginning of a term.
    void recall(const store::JournalEntry& entry);
    /// From now on this controller leads: goes on with what was under way, and decides.
    void lead();
    /// What is to be done now, by what is known: to be called every few milliseconds while this controller leads.
    void decide();
    bool move_under_way() const;
    const std::map<std::string, core::Execution>& executions() const { return executions_; }
    core::Execution* execution(const std::string& id);

    // What a person asks for. Errors: those of the guards ("guard.…"), of the execution, of the store.
    struct Request {
        std::string procedure;  // "failover" or "failback"
        std::optional<RegionName> to;
        std::string reason;
        core::AcceptLoss accept = core::AcceptLoss::no;
    };
    /// Whether it may begin, and how.
    struct Permission {
        RegionName to;
        core::Mode mode = core::Mode::planned;
    };
    Result<Permission> allow(const Request& request) const;
    /// Begins it; answers the execution's id once its beginning is in the journal, or two seconds have passed.
    io::Task<Result<std::string>> start(Request request, Permission permission);
    io::Task<void> approve(std::string id, std::string by);
    io::Task<Result<void>> acknowledge(std::string id, std::string by);
    /// False: too late for that.
    io::Task<bool> convert(std::string id, core::Mode mode);

    boost::json::object status() const;

private:
    core::Situation situation() const;
    io::Task<void> reconcile_dns();
    void resume();
    Result<std::string> begin(
        const std::string& procedure,
        core::Mode mode,
        RegionName to,
        const std::string& reason,
        const std::string& guard,
        std::map<std::string, std::string> notes
    );
    void begin_alone(RegionName to, const std::string& guard);
    void tell(const std::string& id, const core::ExecutionEvent& event);
    void obey(const std::string& id, std::vector<core::ExecutionCommand> commands);
    void carry_out(const std::string& id, const core::ExecutionCommand& command);
    bool is_wanted(const std::string& id, const core::Perform& what) const;
    io::Task<void> perform(std::string id, core::Perform what);

    const Services& services_;
    const ApplicationConfig& config_;
    NextId next_id_;
    core::LeaseTaker taker_;
    Watch watch_;
    Actions actions_;
    std::map<std::string, core::Execution> executions_;
    CommandQueue queue_;
    BackupKeeper backups_;
    std::optional<TimePoint> last_move_ended_;
    core::RecentMoves automatic_moves_;
    std::string unacknowledged_;  // the last automatic move, until a person has said a word
};

}  // namespace cloudshelf::controller
