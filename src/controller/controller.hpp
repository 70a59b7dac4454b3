#pragma once

#include "controller/actions.hpp"
#include "controller/command_queue.hpp"
#include "controller/config.hpp"
#include "core/detection.hpp"
#include "core/execution.hpp"
#include "core/lease.hpp"
#include "core/move_policy.hpp"
#include "drivers/clocks/site_clocks.hpp"
#include "io/http.hpp"
#include "store/store.hpp"

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
    Controller(io::Executor executor, ControllerConfig config, std::unique_ptr<store::Store> store);

    io::Task<int> run();

private:
    io::Task<void> watch(SiteConfig site);
    /// `late`: this process was, so what fails proves nothing.
    io::Task<void> look_at_gateway(SiteConfig site, bool late);
    io::Task<void> look_at_agent(SiteConfig site, bool late);
    bool slept_since(TimePoint begun) const;
    io::Task<void> decide();
    io::Task<void> reconcile_dns();
    void combine(const RegionName& region);

    core::Situation situation() const;
    Result<std::string> begin(
        const std::string& procedure,
        core::Mode mode,
        RegionName to,
        const std::string& reason,
        const std::string& guard,
        std::map<std::string, std::string> notes = {}
    );
    void tell(const std::string& id, const core::ExecutionEvent& event);
    void obey(const std::string& id, std::vector<core::ExecutionCommand> commands);
    void carry_out(const std::string& id, const core::ExecutionCommand& command);
    bool is_wanted(const std::string& id, const core::Perform& what) const;
    io::Task<void> perform(std::string id, core::Perform what);
    io::Task<void> read_store();
    void resume();

    io::Task<io::HttpResponse> answer(io::HttpRequest request);
    std::optional<ApiToken> token_of(const io::HttpRequest& request) const;
    core::Execution* execution_of(std::string_view path);
    io::Task<io::HttpResponse> store_call(io::HttpRequest request);
    io::Task<io::HttpResponse> start_execution(io::HttpRequest request);
    io::HttpResponse executions(std::string_view path) const;
    io::Task<io::HttpResponse> approve(std::string path, std::string by);
    io::Task<io::HttpResponse> acknowledge(std::string path, std::string by);
    io::Task<io::HttpResponse> convert(std::string path, io::HttpRequest request);
    io::Task<io::HttpResponse> journal(io::HttpRequest request);
    io::HttpResponse metrics() const;
    io::HttpResponse events();
    boost::json::value status() const;
    std::string lease_key() const;

    io::Executor executor_;
    ControllerConfig config_;
    std::unique_ptr<store::Store> store_;
    io::HttpClient client_;    // to the agents
    io::HttpClient gateways_;  // as customers call them: plain
    clocks::SiteClocks clocks_;  // the agents' against ours
    core::LeaseTaker taker_;
    Actions actions_;

    struct Seen {
        bool gateway = false;
        bool agent = false;
        int not_writing_looks = 0;        // in a row in which its agent said that it neither writes nor is about to
        int standby_looks = 0;            // in a row in which it said that its server runs and takes no write
        boost::json::value status;        // the agent's last answer
        boost::json::value last_standby;  // the last in which it followed: what would be lost
    };
    std::map<RegionName, Seen> seen_;
    std::map<RegionName, core::RegionHealth> health_;
    std::map<std::string, core::Execution> executions_;
    CommandQueue queue_;
    std::optional<TimePoint> last_move_ended_;
    std::vector<TimePoint> automatic_moves_;
    std::string unacknowledged_;  // the last automatic move, until a person has said a word
    std::uint64_t next_id_ = 1;
    std::uint64_t probes_ = 0;
};

}  // namespace cloudshelf::controller
