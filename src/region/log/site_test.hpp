#pragma once

#include "core/last_writer.hpp"
#include "region/log/bytes.hpp"
#include "region/log/change_log.hpp"
#include "region/log/follower.hpp"
#include "region/log/source.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

namespace cloudshelf::changelog {

/// A small service for tests: keys with texts, the last writer wins. An item is kept as its stamp, the stamp it
/// replaced, and the text; a change's payload is the stamp it replaced, the length of the key, the key, and the text.
inline Result<void> set_item(Batch& batch, std::string_view key, std::string_view text) {
    const auto found = batch.get(Family(0), key);
    if (!found) return fail(found.error());
    const std::string before =
        *found ? (*found)->substr(0, core::HybridStamp::encoded_bytes) : core::HybridStamp{}.encode();
    batch.put(Family(0), key, batch.stamp().encode() + before + std::string(text));
    ByteWriter payload;
    batch.append(
        {.kind = "set", .container = "items", .payload = payload.raw(before).text<std::uint8_t>(key).raw(text).take()}
    );
    return {};
}

inline ChangeLog::Decision set(std::string key, std::string text) {
    return [key = std::move(key), text = std::move(text)](Batch& batch) { return set_item(batch, key, text); };
}

/// How the service applies a change; lost versions are counted under "!conflicts".
inline Apply apply_items(std::uint16_t site, int* applied) {
    return [site, applied](const Entry& entry, Batch& batch) -> Result<void> {
        constexpr std::size_t stamp_bytes = core::HybridStamp::encoded_bytes;
        ByteReader payload(entry.change.payload);
        const std::string before(payload.raw(stamp_bytes));
        const std::string key(payload.text<std::uint8_t>());
        const std::string text(payload.raw(payload.left()));
        const auto replaced = core::HybridStamp::decode(before);
        if (!replaced) return fail(replaced.error());
        const auto found = batch.get(Family(0), key);
        if (!found) return fail(found.error());
        std::optional<core::ItemVersion> current;
        if (*found) {
            current = {
                .stamp = core::HybridStamp::decode((*found)->substr(0, stamp_bytes)).value(),
                .replaced = core::HybridStamp::decode((*found)->substr(stamp_bytes, stamp_bytes)).value()
            };
        }
        const auto contest = core::last_writer(current, {.stamp = entry.stamp, .replaced = *replaced}, site);
        if (applied != nullptr) ++*applied;
        if (contest.winner != core::Winner::incoming) return {};
        batch.put(Family(0), key, entry.stamp.encode() + before + text);
        batch.append_received(entry);
        if (contest.record_conflict) {
            const std::string lost = "!conflicts/" + current->stamp.encode();
            batch.put(Family(0), lost, entry.stamp.encode());
        }
        return {};
    };
}

/// One region: its log, and the server that shows it.
struct Site {
    Site(io::Executor made_on, std::string name, std::uint16_t made_number, std::string secret = "")
        : executor(std::move(made_on)), region(std::move(name)), number(made_number), client(executor) {
        source_options = {.secret = std::move(secret), .snapshots = folder / "snapshots"};
    }

    ChangeLog::Options options() const {
        ChangeLog::Options options{.folder = folder / "data", .region = region, .site = number};
        options.replicas = replicas;
        options.retention = retention;
        options.free_bytes_min = 0;
        options.memtable_bytes = 1 << 20;
        return options;
    }
    void open() {
        auto opened = ChangeLog::open(options(), executor);
        if (!opened) {
            ADD_FAILURE() << opened.error().code << ": " << opened.error().message;
            std::abort();
        }
        log = std::move(*opened);
        source = std::make_unique<Source>(log.get(), source_options);
        if (server) return;
        // The server outlives the log, as a region's does while a snapshot is installed.
        auto handler = [this](io::HttpRequest request) -> io::Task<io::HttpResponse> {
            ++requests;
            if (!source || (fails_after >= 0 && fails_after-- == 0)) return unavailable();
            return source->answer(std::move(request));
        };
        server = std::make_unique<io::HttpServer>(
            executor, io::HttpServer::Options{.listen = {address, 0}}, std::move(handler)
        );
        EXPECT_TRUE(server->start());
    }
    void close() {
        follower.reset();
        source.reset();
        log.reset();
    }
    static io::Task<io::HttpResponse> unavailable() { co_return io::HttpResponse::error(503, "log.away", "not now"); }
    io::Endpoint endpoint() const { return {address, server->port()}; }

    void follow(const Site& other, io::Endpoint by, Duration wait = std::chrono::milliseconds(0)) {
        Follower::Options following{.region = other.region, .source = std::move(by), .secret = secret, .wait = wait};
        following.patience = patience;
        follower = std::make_unique<Follower>(log.get(), &client, following, apply_items(number, &applied));
    }
    io::Task<Result<Written>> set(std::string key, std::string text) {
        auto decision = changelog::set(std::move(key), std::move(text));
        auto written = co_await log->write(std::move(decision));
        co_return written;
    }
    /// All items, and how many versions were lost.
    std::map<std::string, std::string> items() const {
        std::map<std::string, std::string> items;
        const auto collect = [&items](std::string_view key, std::string_view value) {
            if (!key.starts_with("!conflicts/")) items.emplace(key, value);
            return true;
        };
        EXPECT_TRUE(log->view().scan(Family(0), {}, collect));
        return items;
    }
    std::string text(const std::string& key) const {
        const auto found = log->view().get(Family(0), key).value();
        return found ? found->substr(2 * core::HybridStamp::encoded_bytes) : "";
    }
    int conflicts() const {
        int count = 0;
        const auto add = [&count](std::string_view, std::string_view) { return ++count, true; };
        EXPECT_TRUE(log->view().scan(Family(0), KeyRange::prefix("!conflicts/"), add));
        return count;
    }

    static constexpr const char* address = "127.9.7.1";
    testing::TemporaryFolder folder;
    io::Executor executor;
    RegionName region;
    std::uint16_t number;
    std::vector<RegionName> replicas;
    Retention retention;
    std::string secret;
    Duration patience = std::chrono::seconds(10);
    Source::Options source_options;
    int requests = 0;
    int fails_after = -1;  // requests that are answered before one that is not
    int applied = 0;       // entries that the follower handed to apply
    io::HttpClient client;
    std::unique_ptr<ChangeLog> log;
    std::unique_ptr<Source> source;
    std::unique_ptr<io::HttpServer> server;
    std::unique_ptr<Follower> follower;
};

}  // namespace cloudshelf::changelog
