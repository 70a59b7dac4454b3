#pragma once

#include "base/result.hpp"
#include "io/blocking.hpp"
#include "io/http.hpp"
#include "region/log/change_log.hpp"
#include "region/log/snapshot.hpp"

#include <functional>
#include <memory>
#include <string>

namespace cloudshelf::changelog {

/// Serves a log to the regions that follow it, under /log:
///   GET  /log/identity                                     which log this is
///   GET  /log?id=&after=&checksum=&replica=&wait_ms=       a Page of changes accepted here; `after` confirms
///   POST /log/snapshots?replica=                           makes a snapshot; answers its manifest
///   GET  /log/snapshots/<id>                               the manifest
///   GET  /log/snapshots/<id>/<file>                        with `Range: bytes=a-b`
///   DELETE /log/snapshots/<id>
///   POST /log/refill?replica=                              logs again all that concerns the asker; answers the
///   Followed
///                                                          from which it has to go on to get all of that
/// 410 "log.trimmed": take a snapshot, or ask for a refill. 409 "log.other-log", "log.forked": this is not the log that
/// was followed.
/// Lives on the log's executor; both must outlive its calls.
class Source {
public:
    struct Options {
        std::string secret;  // asked for as `Authorization: Bearer …`; empty: whoever reaches us may (mutual TLS)
        std::size_t page_bytes_max = 4 << 20;
        Duration wait_max = std::chrono::seconds(20);
        std::filesystem::path snapshots;  // a folder on the log's file system
        std::size_t snapshots_max = 2;    // the oldest goes
        /// Begins to log again all that concerns a replica; it has begun, durably, when this answers. Null: this
        /// service's replicas take a snapshot.
        std::function<io::Task<Result<void>>(RegionName replica)> refill;
    };
    Source(ChangeLog* log, Options options);

    /// To be called for every path that begins with /log.
    io::Task<io::HttpResponse> answer(io::HttpRequest request);

private:
    io::Task<io::HttpResponse> page(io::HttpRequest request);
    io::Task<io::HttpResponse> make_snapshot(io::HttpRequest request);
    io::Task<io::HttpResponse> snapshot(io::HttpRequest request);
    io::Task<io::HttpResponse> refill(io::HttpRequest request);

    ChangeLog* log_;
    Options options_;
    SnapshotStore snapshots_;
    io::BlockingPool reading_{1};       // the log
    io::BlockingPool snapshotting_{1};  // snapshots, which take longer
};

}  // namespace cloudshelf::changelog
