#pragma once

#include "core/lease.hpp"
#include "core/region_role.hpp"
#include "drivers/clocks/site_clocks.hpp"
#include "drivers/postgres/cluster.hpp"
#include "drivers/postgres/observer.hpp"
#include "io/blocking.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/lease_page.hpp"
#include "region/agent/config.hpp"
#include "region/agent/names.hpp"
#include "region/agent/store_client.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::region {

/// The shell around the lease and the role rule: turns HTTP, timers and PostgreSQL's state into events, and carries out
/// what the core asks for. One loop; whatever blocks runs in a pool, so that no renewal ever waits for PostgreSQL.
class Agent {
public:
    Agent(io::Executor executor, AgentConfig config, io::LeasePage page);

    /// Until asked to end.
    io::Task<int> run();

private:
    // What the loops do, each until the end.
    io::Task<void> beat();               // as the writer: renewals and promises
    io::Task<void> look();               // reads the lease and takes the role that follows
    io::Task<void> observe();            // PostgreSQL's state
    io::Task<void> maintain();           // heartbeat row, slots
    io::Task<void> take_certificates();  // new ones, for PostgreSQL
    io::Task<void> tend_names();
    io::Task<void> probe(std::string target, io::HttpClient* client, io::Endpoint endpoint, io::HttpRequest question);
    io::Task<void> look_at(std::string target, io::HttpClient* client, io::Endpoint endpoint, io::HttpRequest question);

    io::Task<void> renew(TimePoint sent_at);
    io::Task<void> ask_promise(TimePoint sent_at);
    void tell(const core::LeaseEvent& event);
    void lose(const std::string& reason);
    void write_page(io::WriteState state, TimePoint deadline);

    io::Task<void> take_role(core::NextMove move);
    io::Task<Result<void>> become_writer(core::Sync sync);  // proves the epoch; arms the page
    io::Task<void> care_for_server();
    io::Task<void> keep_in_step();
    io::Task<void> after_opening();  // slots, checkpoint: what a new writer owes, when customers are served

    io::Task<io::HttpResponse> answer(io::HttpRequest request);
    io::Task<io::HttpResponse> status();
    io::Task<io::HttpResponse> promise(io::HttpRequest request);
    io::Task<io::HttpResponse> promote(io::HttpRequest request);
    io::Task<io::HttpResponse> prepare_switchover(io::HttpRequest request);
    io::Task<io::HttpResponse> pause(io::HttpRequest request);
    io::Task<void> resume_after(Epoch epoch, Duration limit);
    io::Task<io::HttpResponse> demote(io::HttpRequest request);
    io::Task<io::HttpResponse> fence(io::HttpRequest request);
    io::Task<io::HttpResponse> change_dns(io::HttpRequest request);
    io::HttpResponse metrics() const;

    Result<void> remember(Epoch epoch);
    void note_interval(const char* what);
    std::string role() const;

    io::Executor executor_;
    AgentConfig config_;
    io::LeasePage page_;
    io::HttpClient client_;      // to the other sites
    io::HttpClient gateways_;    // as customers call them: plain
    clocks::SiteClocks clocks_;  // the peer's and the controllers' against ours
    StoreClient store_;
    io::BlockingPool pool_{4};
    io::BlockingPool observer_pool_{1};
    std::optional<postgres::Cluster> cluster_;
    std::optional<postgres::Observer> observer_;
    core::PromiseBook promises_;

    std::optional<core::LeaseHolder> holder_;
    std::optional<core::LeaseRecord> lease_;  // as last seen in the store
    std::uint64_t revision_ = 0;
    core::Sync sync_wanted_ = core::Sync::degraded;
    std::optional<core::PromotionToken> release_with_;
    bool renewing_ = false;
    bool asking_ = false;
    bool acting_ = false;  // a change of role is under way
    bool paused_ = false;
    bool interval_open_ = false;
    bool quarantined_ = false;
    bool rejoining_ = false;
    bool in_step_may_be_stored_ = false;
    std::optional<Lsn> waits_since_;  // the log's position when commits already waited; 0: they have just begun to
    TimePoint out_of_step_since_{};
    std::optional<TimePoint> unanswered_since_;
    int failed_starts_ = 0;
    Epoch gave_up_at_{0};
    std::uint64_t stranded_writes_ = 0;
    std::string detail_ = "starting";
    postgres::Observation seen_;
    std::map<std::string, bool> views_;  // "us-east-1/gateway" → the last probe's result
    Names names_;
    io::AppendFile intervals_;
};

}  // namespace cloudshelf::region
