#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/http.hpp"
#include "region/log/change_log.hpp"
#include "region/log/page.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::changelog {

/// Applies one change of another region: decides who wins, writes through the batch, appends it (append_received) where
/// it changed anything. Runs as a ChangeLog::Decision does. An error stops the following at this entry.
using Apply = std::function<Result<void>(const Entry& entry, Batch& batch)>;

/// Gets ready, before the decision, what applying the next entries will need and a decision cannot wait for. Answers
/// how many of them, from the first, may be applied in one commit: at least one. An error stops the following there.
using Prepare = std::function<io::Task<Result<std::size_t>>(std::vector<Entry> entries)>;

/// Pulls another region's log and applies it in order. Where it got to is durable together with what was applied: after
/// any crash on either side every change has its effect once.
class Follower {
public:
    struct Options {
        RegionName region;  // the one that is followed
        io::Endpoint source;
        std::string prefix;  // of the source's paths there: "/-" for "/-/log"
        std::string secret;
        Duration wait = std::chrono::seconds(10);      // how long the source may hold a request when nothing is new
        Duration patience = std::chrono::seconds(10);  // for an answer, beyond `wait`
        Duration retry_after = std::chrono::milliseconds(200);
        std::size_t batch_entries_max = 256;  // applied in one commit
        Prepare prepare;                      // null: nothing is to be got ready
    };
    Follower(ChangeLog* log, io::HttpClient* client, Options options, Apply apply);

    /// Pulls and applies once. Answers how many entries. Errors: those of HttpClient::send; "log.trimmed",
    /// "log.other-log", "log.forked" (take a snapshot), "log.changed" (the log there was replaced: ask again),
    /// "log.corrupt" (refused: ask again), "log.refused" (the source's
    /// answer), "clock.ahead", those of `apply` and of ChangeLog::write.
    io::Task<Result<std::size_t>> pull();
    /// After an error that wants a snapshot: asks the source to log again all that concerns this region instead, and
    /// goes on, durably, from where that begins. Errors: as pull; "log.no-such-call" (this source has no refill).
    io::Task<Result<void>> refill();
    /// Pulls until `stop`; logs what goes wrong and tries again. Ends early when a snapshot is needed.
    io::Task<void> run();
    /// Ends `run` when the request under way is answered, at the latest after `wait` and `patience`.
    void stop();

    struct Status {
        Position position;     // applied here
        Position source_last;  // there, at the last answer
        bool needs_snapshot = false;
        /// When the source, by its clock, had last nothing that is not here, in milliseconds since 1970; 0: never yet.
        std::int64_t in_step_ms = 0;
        std::uint64_t applied = 0;  // entries, since the start
        std::string last_error;     // empty: the last pull went well
    };
    const Status& status() const { return status_; }

private:
    io::Task<Result<io::HttpResponse>> ask(io::HttpRequest request, Duration limit);
    io::Task<Result<Followed>> meet();
    io::Task<Result<std::size_t>> pull_page();
    Result<Page> check(Page page);
    io::Task<Result<void>> take(std::shared_ptr<const Page> page);

    ChangeLog* log_;
    io::HttpClient* client_;
    Options options_;
    Apply apply_;
    Status status_;
    std::optional<Followed> at_;  // where we are in the log there, once we met it
    bool stopping_ = false;
};

}  // namespace cloudshelf::changelog
