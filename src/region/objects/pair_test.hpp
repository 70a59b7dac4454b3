#pragma once

#include "base/digest.hpp"
#include "io/clock.hpp"
#include "io/relay.hpp"
#include "region/objects/replication.hpp"
#include "region/objects/service.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Two regions' objects that follow each other over real HTTP, through relays that can be cut.
namespace cloudshelf::objects::testing {

inline constexpr std::uint16_t port = 8650;

/// A rule of the second version that sends everything to that bucket.
inline std::string rules_to(std::string_view bucket, std::string_view more = "") {
    return fmt::format(
        "<ReplicationConfiguration><Role>arn:aws:iam::000000000000:role/replication</Role><Rule><ID>all</ID>"
        "<Priority>1</Priority><Status>Enabled</Status><Filter></Filter>{}"
        "<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>"
        "<Destination><Bucket>arn:aws:s3:::{}</Bucket></Destination></Rule></ReplicationConfiguration>",
        more,
        bucket
    );
}

struct Half {
    Half(std::string region, std::string at) : name(std::move(region)), address(std::move(at)) {}

    io::Task<void> up() {
        ServiceOptions options{.listen = {address, port}, .region = name, .data = folder / "data"};
        options.keys = folder / "keys";
        options.keyring = {{"AKID", {.access_key_id = "AKID", .secret_access_key = "secret"}}};
        options.peers = {peer};
        options.log_secret = "between the regions";
        options.sync = changelog::Sync::off;
        options.wall_ms = [this] {
            const auto now = std::chrono::system_clock::now().time_since_epoch();
            return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() + ahead_ms;
        };
        service = std::make_unique<Service>(co_await boost::asio::this_coro::executor, std::move(options));
        const auto started = co_await service->start();
        EXPECT_TRUE(started) << (started ? "" : started.error().message);
    }
    io::Task<void> away() {
        co_await service->stop(io::Deadline::after(std::chrono::seconds(30)));
        service.reset();
    }

    /// The answer, its body whole even where it is streamed.
    io::Task<io::HttpResponse> ask(
        std::string method, std::string target, std::string body = {}, io::Headers headers = {}
    ) const {
        io::HttpRequest made{.method = std::move(method), .target = std::move(target)};
        made.headers = std::move(headers);
        made.headers.emplace_back("Host", address);
        made.headers.emplace_back("Content-Length", std::to_string(body.size()));
        made.body = std::move(body);
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const sigv4::Credentials by{.access_key_id = "AKID", .secret_access_key = "secret"};
        const auto now = sigv4::Time(std::chrono::seconds(service->wall_ms() / 1000));
        const sigv4::SigningOptions as{.region = name.value(), .service = "s3", .dialect = sigv4::Dialect::s3};
        for (auto& header : sigv4::sign(signing, by, as, now)) made.headers.push_back(std::move(header));
        auto answer = co_await service->answer(std::move(made));
        if (answer.stream) {
            const io::HttpResponse::Writer collect = [&answer](std::string piece) -> io::Task<bool> {
                answer.body += piece;
                co_return true;
            };
            co_await answer.stream(collect);
        }
        co_return answer;
    }
    /// What the other regions, or whoever watches, ask: no signature, the secret.
    io::Task<io::HttpResponse> ask_own(std::string method, std::string target) const {
        io::HttpRequest made{.method = std::move(method), .target = std::move(target)};
        made.headers.emplace_back("Authorization", "Bearer between the regions");
        auto answer = co_await service->answer(std::move(made));
        co_return answer;
    }
    io::Task<std::string> put(std::string target, std::string body, io::Headers headers = {}) const {
        const auto answer = co_await ask("PUT", target, std::move(body), std::move(headers));
        EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
        co_return std::string(answer.header("x-amz-version-id"));
    }
    /// The body of a 200, else the status.
    io::Task<std::string> get(std::string target) const {
        const auto answer = co_await ask("GET", target);
        co_return answer.status == 200 ? answer.body : std::to_string(answer.status);
    }
    io::Task<std::string> status(std::string target) const {
        const auto answer = co_await ask("HEAD", target);
        co_return std::string(answer.header("x-amz-replication-status"));
    }
    /// Until the status is that one; answers the last it was.
    io::Task<std::string> awaits(std::string target, std::string wanted) const {
        std::string found;
        for (const auto deadline = io::Deadline::after(std::chrono::seconds(20)); !deadline.passed();) {
            found = co_await status(target);
            if (found == wanted) break;
            co_await io::wait_for(std::chrono::milliseconds(10));
        }
        co_return found;
    }

    io::Task<void> make_bucket(std::string bucket, std::string rules) {
        const auto made = co_await ask("PUT", '/' + bucket);
        EXPECT_EQ(made.status, 200) << made.body;
        co_await configure(std::move(bucket), std::move(rules));
    }
    io::Task<void> configure(std::string bucket, std::string rules) {
        const Buckets::Change change = [&](const Bucket* current, changelog::Batch&) -> Result<std::optional<Bucket>> {
            Bucket next = *current;
            next.versioning = Versioning::enabled;
            next.documents.erase("replication");
            if (!rules.empty()) next.documents["replication"] = rules;
            return std::optional(std::move(next));
        };
        const auto changed = co_await service->buckets().change(bucket, change);
        EXPECT_TRUE(changed) << (changed ? "" : changed.error().message);
    }
    /// All versions of a bucket: "key id content".
    std::vector<std::string> versions(std::string_view bucket) const {
        std::vector<std::string> found;
        const auto known = service->buckets().find(bucket);
        const auto visit = [&](std::string_view, std::string_view record) {
            const auto version = decode_version(record).value();
            found.push_back(
                fmt::format("{} {} {}", version.key, version.id, version.delete_marker ? "deleted" : version.etag)
            );
            return true;
        };
        const auto range = changelog::KeyRange::prefix(bucket_prefix(known->number));
        EXPECT_TRUE(service->log().view().scan(service->storage().versions, range, visit));
        return found;
    }
    Result<std::optional<Version>> find(std::string_view bucket, std::string_view key, std::string_view id) const {
        const auto known = service->buckets().find(bucket);
        return find_version(service->log().view(), service->storage(), known->number, key, id);
    }
    std::uint64_t fetched_bytes() const { return service->following(peer.region).fetched_bytes; }

    RegionName name;
    std::string address;
    Peer peer;
    cloudshelf::testing::TemporaryFolder folder;
    std::unique_ptr<Service> service;
    std::atomic<std::int64_t> ahead_ms = 0;  // of the machine's clock
};

struct Pair {
    /// `number`: of the test, so that each has addresses of its own.
    explicit Pair(int number)
        : east("us-east-1", fmt::format("127.65.{}.1", number)), west("us-west-2", fmt::format("127.65.{}.2", number)) {
        east.peer = {west.name, {west.address, port + 1}};
        west.peer = {east.name, {east.address, port + 1}};
    }
    io::Task<void> up() {
        const auto executor = co_await boost::asio::this_coro::executor;
        for (Half* half : {&east, &west}) {
            relays.push_back(std::make_unique<io::Relay>(
                executor,
                io::Relay::Options{
                    .listen = {half->address, port + 1}, .to = {half->address, port}, .there = there, .back = back
                }
            ));
            EXPECT_TRUE(relays.back()->start());
        }
        co_await east.up();
        co_await west.up();
    }
    io::Task<void> down() {
        if (east.service) co_await east.away();
        if (west.service) co_await west.away();
    }
    /// No connection between the regions lasts from now on, or they may again.
    void cut(bool yes) {
        there->weather.cut = back->weather.cut = yes;
        for (auto& relay : relays) relay->reset();
    }
    /// Each has everything that the other accepted.
    io::Task<bool> in_step() {
        for (const auto deadline = io::Deadline::after(std::chrono::seconds(30)); !deadline.passed();) {
            bool all = true;
            for (Half* half : {&east, &west}) {
                auto& log = half->service->log();
                all = all && log.confirmed(half->peer.region) == log.last();
            }
            if (all) co_return true;
            co_await io::wait_for(std::chrono::milliseconds(10));
        }
        co_return false;
    }

    Half east;
    Half west;
    std::shared_ptr<io::LinkWay> there = std::make_shared<io::LinkWay>();
    std::shared_ptr<io::LinkWay> back = std::make_shared<io::LinkWay>();
    std::vector<std::unique_ptr<io::Relay>> relays;
};

}  // namespace cloudshelf::objects::testing
