#include "region/objects/following.hpp"

#include "io/http.hpp"
#include "io/log.hpp"
#include "region/log/follower.hpp"
#include "region/objects/receiving.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace cloudshelf::objects {
namespace {

using namespace std::chrono_literals;

constexpr Duration retry_after = 200ms;
constexpr Duration refill_again_after = 5s;

/// A region whose log is another one than we followed has lost a part of what it had: it gets from us what we have for
/// it. One that merely trimmed what we did not have yet has lost nothing. Answers whether that has begun.
io::Task<bool> give_back(Replicator& replicator, RegionName region, const Error& why) {
    if (why.code == "log.trimmed") co_return true;
    const auto begun = co_await replicator.refill(region);
    co_return begun.has_value();
}

/// What they had confirmed before a question they had failed at before its answer: once we have read as far as their
/// log went then, we know of these failures.
struct Settling {
    changelog::Position confirmed;  // of our log
    changelog::Position until;      // of theirs
};

}  // namespace

io::Task<void> follow(Service& service, Replicator& replicator, Peer peer) {
    io::HttpClient client(service.executor());
    Receiving receiving(service, peer);
    changelog::Follower::Options options{
        .region = peer.region, .source = peer.endpoint, .prefix = "/-", .secret = service.options().log_secret
    };
    options.wait = 1s;  // so that stopping, and a status of COMPLETED, do not wait long for an answer
    options.prepare = [&receiving](std::vector<changelog::Entry> entries) {
        return receiving.prepare(std::move(entries));
    };
    const changelog::Apply apply = [&receiving](const changelog::Entry& entry, changelog::Batch& batch) {
        return receiving.apply(entry, batch);
    };
    changelog::Follower follower(&service.log(), &client, options, apply);
    std::string told;
    bool gave_back = false;
    std::optional<Settling> settling;
    while (!service.stopping()) {
        const auto confirmed = service.log().confirmed(peer.region);
        const auto pulled = co_await follower.pull();
        const auto settled = receiving.settle();
        auto& following = service.following(peer.region);
        const auto& status = follower.status();
        following.position = status.position;
        following.source_last = status.source_last;
        following.in_step_ms = status.in_step_ms;
        following.last_error = status.last_error;
        if (pulled) {
            following.replicas += settled.replicas;
            following.replica_bytes += settled.bytes;
            if (!settling) settling = Settling{.confirmed = confirmed, .until = status.source_last};
            if (status.position >= settling->until) following.settled = std::exchange(settling, {})->confirmed;
            told.clear();
            gave_back = false;
            continue;
        }
        settling.reset();  // their log may be another one by the next time
        const Error& error = pulled.error();
        const bool overtaken = status.needs_snapshot;
        if (error.code != told && !service.stopping()) {
            told = error.code;
            io::log(
                overtaken ? io::Level::error : io::Level::warning,
                "objects.follow-failed",
                {{"region", peer.region.value()}, {"code", told}, {"why", error.message}}
            );
        }
        if (overtaken) {
            if (!gave_back) gave_back = co_await give_back(replicator, peer.region, error);
            const auto begun = co_await follower.refill();
            if (begun) continue;
            io::log(
                io::Level::error,
                "objects.not-refilled",
                {{"region", peer.region.value()}, {"code", begun.error().code}, {"why", begun.error().message}}
            );
        }
        const Duration pause = overtaken ? refill_again_after : retry_after;
        co_await service.pause(pause);
    }
}

}  // namespace cloudshelf::objects
