#pragma once

#include "base/result.hpp"
#include "core/tombstone_horizon.hpp"
#include "io/blocking.hpp"
#include "io/http.hpp"
#include "region/log/change_log.hpp"
#include "region/log/follower.hpp"
#include "region/log/source.hpp"
#include "region/program/arguments.hpp"
#include "region/tables/catalogue.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/storage.hpp"
#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/signing_key.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cloudshelf::tables {

using program::Peer;

/// What the following of another region has come to.
struct Following {
    core::TombstoneHorizon horizon;
    std::int64_t in_step_ms = 0;  // as changelog::Follower::Status has it
};

struct ServiceOptions {
    io::Endpoint listen;
    RegionName region;
    std::filesystem::path data;
    sigv4::Keyring keyring;
    std::vector<Peer> peers;
    std::string log_secret;  // between the regions; empty: none is asked for
    changelog::Sync sync = changelog::Sync::on;
    Duration ttl_scan = std::chrono::seconds(60);
    Duration tombstones_keep = std::chrono::hours(24);  // at least, however soon they are needed no more
    std::function<std::int64_t()> wall_ms;              // milliseconds since 1970; null: the system's clock. Any thread
};

/// Tables in one region: DynamoDB's API, the log beneath it, and the following of the other regions. Lives on one
/// executor.
class Service {
public:
    Service(io::Executor executor, ServiceOptions options);
    ~Service();

    /// Opens the folder, listens, and begins to follow. Errors: those of ChangeLog::open and HttpServer::start.
    io::Task<Result<void>> start();
    io::Task<void> stop(io::Deadline deadline);
    std::uint16_t port() const;
    /// A commit failed, so that every write is refused, and there is space again: to be stopped and started anew, which
    /// reads what the disk really has. Looks at the disk.
    bool wants_to_start_anew() const;

    /// One request of HTTP, whoever brings it.
    io::Task<io::HttpResponse> answer(io::HttpRequest request);

    // What operations stand on. The log is there from `start` to the end.
    changelog::ChangeLog& log();
    const Storage& storage() const;
    Catalogue& catalogue();
    const ServiceOptions& options() const;
    const RegionName& region() const { return options().region; }
    /// Our number in stamps: program::site_number(region()).
    std::uint16_t site() const;
    /// How we stand with another region. On the executor.
    Following& following(const RegionName& region);
    /// For reads that may take long (Query, Scan, backups): off the loop.
    io::BlockingPool& reading();
    /// Held while snapshots of continuous backups are made or let go: whoever lets the log go knows all of them.
    std::mutex& snapshots();
    std::int64_t wall_ms() const;

    // For what goes on behind requests (sweeps, erasing, backfills, following). Such a task ends soon after `stopping`
    // turns true: `stop` waits for it.
    void run_behind(io::Task<void> task);
    bool stopping() const;
    /// Waits on the loop, until `stop` at the longest.
    io::Task<void> pause(Duration duration);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::tables
