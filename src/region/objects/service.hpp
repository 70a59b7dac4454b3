#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/blocking.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"
#include "region/contents/key_file.hpp"
#include "region/contents/store.hpp"
#include "region/log/change_log.hpp"
#include "region/objects/accounts.hpp"
#include "region/objects/buckets.hpp"
#include "region/objects/storage.hpp"
#include "region/objects/version_store.hpp"
#include "region/program/arguments.hpp"
#include "wire/sigv4/credentials.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::objects {

using program::Peer;

/// How a request came to us.
struct Connection {
    bool secure = false;       // by TLS
    std::string peer_address;  // empty: not known
};

struct ServiceOptions {
    io::Endpoint listen;
    std::optional<io::Endpoint> tls_listen;  // HTTPS, besides
    std::shared_ptr<io::TlsContext> tls;     // for tls_listen
    RegionName region;
    std::filesystem::path data;
    std::filesystem::path keys;         // of encryption at rest; made when it is not there
    std::vector<std::string> kms_keys;  // by name, made when they are not in the key file
    sigv4::Keyring keyring;
    std::vector<std::string> domains;  // buckets are names below these: bucket.s3.cloudshelf.com
    std::vector<Peer> peers;
    std::string log_secret;  // between the regions; empty: none is asked for
    changelog::Sync sync = changelog::Sync::on;
    Duration lifecycle_day = std::chrono::hours(24);  // shorter for trials: then times are not rounded to midnight
    std::function<std::int64_t()> wall_ms;            // since 1970; null: the system's clock. Any thread
};

/// What the following of another region has come to.
struct Following {
    changelog::Position position;     // of its log, applied here
    changelog::Position source_last;  // of its log, as it last said
    changelog::Position settled;      // of our log: taken in there, and what it could not take is known here
    std::int64_t in_step_ms = 0;      // as changelog::Follower::Status has it
    std::uint64_t fetched_bytes = 0;  // of contents, since the start
    std::uint64_t replicas = 0;       // versions and markers that came, since the start
    std::uint64_t replica_bytes = 0;  // their sizes, whether they had to be fetched or not
    std::string last_error;           // empty: all is well
};

class Repairs;

/// Buckets and objects in one region: S3's API, the log and the contents beneath it, and the following of the other
/// regions. Lives on one executor.
class Service {
public:
    Service(io::Executor executor, ServiceOptions options);
    ~Service();

    /// Opens the folder, listens, and begins to follow. Errors: those of ChangeLog::open, contents::Store::open and
    /// HttpServer::start, "program.same-site".
    io::Task<Result<void>> start();
    io::Task<void> stop(io::Deadline deadline);
    std::uint16_t port() const;
    std::uint16_t tls_port() const;
    /// A commit failed, so that every write is refused, and there is space again: to be stopped and started anew, which
    /// reads what the disk really has. Looks at the disk.
    bool wants_to_start_anew() const;

    /// One request of HTTP, whoever brings it.
    io::Task<io::HttpResponse> answer(io::HttpRequest request, Connection connection = {});

    // What operations stand on. Log and contents are there from `start` to the end.
    changelog::ChangeLog& log();
    const Storage& storage() const;
    Buckets& buckets();
    contents::Store& contents();
    const Accounts& accounts() const;
    const ServiceOptions& options() const;
    const RegionName& region() const { return options().region; }
    /// Our number in stamps: program::site_number(region()).
    std::uint16_t site() const;
    /// How we stand with another region. On the executor.
    Following& following(const RegionName& region);
    const std::map<RegionName, Following>& followings() const;
    /// Brings back contents that were altered or lost.
    Repairs& repairs();
    const io::Executor& executor() const;
    /// For what waits for the disk or takes long: contents, listings, digests.
    io::BlockingPool& working();
    std::int64_t wall_ms() const;
    /// Contents that may not be referred to any more: collected behind. On the executor.
    void collect(Freed freed);

    // For what goes on behind requests (following, collecting, scrubbing, lifecycle). Such a task ends soon after
    // `stopping` turns true: `stop` waits for it.
    void run_behind(io::Task<void> task);
    bool stopping() const;
    /// Waits on the loop, until `stop` at the longest.
    io::Task<void> pause(Duration duration);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::objects
