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
    io::Task<void> perform(std::string id, core::Perform what);
    void resume();

    io::Task<io::HttpResponse> answer(io::HttpRequest request);
    std::optional<ApiToken> token_of(const io::HttpRequest& request) const;
    core::Execution* execution_of(std::string_view path);
    io::HttpResponse store_call(const io::HttpRequest& request);
    io::HttpResponse start_execution(const io::HttpRequest& request);
    io::HttpResponse executions(std::string_view path) const;
    io::HttpResponse approve(std::string_view path, const std::string& by);
    io::HttpResponse acknowledge(std::string_view path, const std::string& by);
    io::HttpResponse convert(std::string_view path, const io::HttpRequest& request);
    io::HttpResponse journal(const io::HttpRequest& request);
    io::HttpResponse metrics() const;
    io::HttpResponse events();
    boost::json::value status() const;
    std::string lease_key() const;

    io::Executor executor_;
    ControllerConfig config_;
    std::unique_ptr<store::SqliteStore> store_;
    io::HttpClient client_;
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
    /// What waits until the journal can be written again: nothing is carried out before it is recorded.
    std::map<std::string, std::vector<core::ExecutionCommand>> postponed_;
    TimePoint journal_again_at_{};
    std::optional<TimePoint> last_move_ended_;
    std::vector<TimePoint> automatic_moves_;
    std::string unacknowledged_;  // the last automatic move, until a person has said a word
    std::uint64_t next_id_ = 1;
    std::uint64_t probes_ = 0;
};

}  // namespace cloudshelf::controller
