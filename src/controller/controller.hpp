#pragma once

#include "controller/actions.hpp"
#include "controller/config.hpp"
#include "core/detection.hpp"
#include "core/execution.hpp"
#include "core/lease.hpp"
#include "core/move_policy.hpp"
#include "io/http.hpp"
#include "store/sqlite.hpp"

#include <boost/json/value.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::controller {

/// The daemon around the core: probes, decides, carries out, journals, answers. One loop. Failing to reach it never
/// stops an agent or a running shop.
class Controller {
public:
    Controller(io::Executor executor, ControllerConfig config, std::unique_ptr<store::SqliteStore> store);

    io::Task<int> run();

private:
    /// A vantage's look at a region.
    io::Task<void> watch_gateway(RegionName region, io::Endpoint gateway);
    io::Task<void> watch_agent(SiteConfig site);
    io::Task<void> decide();
    io::Task<void> reconcile_dns();
    void combine(const RegionName& region);

    core::Situation situation() const;
    Result<std::string> begin(
        const std::string& procedure,
        core::Mode mode,
        RegionName to,
        const std::string& reason,
        const std::string& guard
    );
    void tell(const std::string& id, const core::ExecutionEvent& event);
    void obey(const std::string& id, std::vector<core::ExecutionCommand> commands);
    io::Task<void> perform(std::string id, core::Perform what);
    void resume();

    io::Task<io::HttpResponse> answer(io::HttpRequest request);
    std::optional<Role> role_of(const io::HttpRequest& request) const;
    io::HttpResponse store_call(const io::HttpRequest& request);
    io::HttpResponse start_execution(const io::HttpRequest& request);
    io::HttpResponse executions(std::string_view path) const;
    io::HttpResponse approve(std::string_view path, const io::HttpRequest& request);
    io::HttpResponse journal(const io::HttpRequest& request);
    io::HttpResponse metrics() const;
    io::HttpResponse events();
    boost::json::value status() const;
    std::string lease_key() const;

    io::Executor executor_;
    ControllerConfig config_;
    std::unique_ptr<store::SqliteStore> store_;
    io::HttpClient client_;    // to the agents
    io::HttpClient gateways_;  // as customers call them: plain
    core::LeaseTaker taker_;
    Actions actions_;

    struct Seen {
        bool gateway = false;
        bool agent = false;
        TimePoint gateway_at{};
        TimePoint agent_at{};
        int not_writing_looks = 0;        // in a row in which its agent said that it neither writes nor is about to
        boost::json::value status;        // the agent's last answer
        boost::json::value last_standby;  // the last in which it followed: what would be lost
    };
    std::map<RegionName, Seen> seen_;
    std::map<RegionName, core::RegionHealth> health_;
    std::map<std::string, core::Execution> executions_;
    /// What waits until the journal can be written again: nothing is carried out before it is recorded.
    std::map<std::string, std::vector<core::ExecutionCommand>> postponed_;
    TimePoint journal_again_at_{};
    std::optional<TimePoint> last_move_ended_;
    std::vector<TimePoint> automatic_moves_;
    std::uint64_t next_id_ = 1;
    std::uint64_t probes_ = 0;
};

}  // namespace cloudshelf::controller
