#include "region/log/source.hpp"

#include "base/digest.hpp"
#include "region/log/json.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cloudshelf::changelog {

namespace {

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

int status_of(const Error& error) {
    if (error.code == "log.trimmed") return 410;
    if (error.code == "log.other-log" || error.code == "log.forked") return 409;
    if (error.code == "log.no-snapshot") return 404;
    return error.code == "log.disk-full" ? 507 : 500;
}

io::HttpResponse refuse(const Error& error) {
    return io::HttpResponse::error(status_of(error), error.code, error.message);
}

io::HttpResponse bytes_answer(int status, std::string bytes) {
    return {.status = status, .headers = {{"Content-Type", "application/octet-stream"}}, .body = std::move(bytes)};
}

/// The first byte and the number of bytes of `Range: bytes=a-b`.
std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of(std::string_view header) {
    constexpr std::string_view unit = "bytes=";
    const auto dash = header.find('-');
    if (!header.starts_with(unit) || dash == std::string_view::npos) return std::nullopt;
    const auto first = number<std::uint64_t>(header.substr(unit.size(), dash - unit.size()));
    const auto last = number<std::uint64_t>(header.substr(dash + 1));
    if (!first || !last || *last < *first || *last - *first >= 8 << 20) return std::nullopt;
    return std::pair(*first, *last - *first + 1);
}

}  // namespace

Source::Source(ChangeLog* log, Options options)
    : log_(log), options_(std::move(options)), snapshots_(options_.snapshots, options_.snapshots_max) {}

io::Task<io::HttpResponse> Source::answer(io::HttpRequest request) {
    if (!options_.secret.empty() &&
        !equal_in_constant_time(request.header("Authorization"), "Bearer " + options_.secret)) {
        co_return io::HttpResponse::error(401, "log.not-authorized", "the secret is not ours");
    }
    const std::string path(request.path());
    if (path == "/log" && request.method == "GET") {
        auto answered = co_await page(std::move(request));
        co_return answered;
    }
    if (path == "/log/identity" && request.method == "GET") {
        co_return io::HttpResponse::json(200, boost::json::serialize(to_json(log_->identity())));
    }
    if (path == "/log/snapshots" && request.method == "POST") {
        auto answered = co_await make_snapshot(std::move(request));
        co_return answered;
    }
    if (path.starts_with("/log/snapshots/")) {
        auto answered = co_await snapshot(std::move(request));
        co_return answered;
    }
    if (path == "/log/refill" && request.method == "POST" && options_.refill) {
        auto answered = co_await refill(std::move(request));
        co_return answered;
    }
    co_return io::HttpResponse::error(404, "log.no-such-call", path);
}

io::Task<io::HttpResponse> Source::page(io::HttpRequest request) {
    const auto after = number<std::uint64_t>(request.query("after"));
    const auto checksum = number<std::uint32_t>(request.query("checksum"));
    const auto wait_ms = number<std::uint32_t>(request.query("wait_ms"));
    const RegionName replica(request.query("replica"));
    if (!after || !checksum || !wait_ms || replica.value().empty()) {
        co_return io::HttpResponse::error(
            400, "log.bad-request", "after, checksum, wait_ms, replica: numbers and a name"
        );
    }
    if (request.query("id") != log_->identity().id.value()) {
        const std::string message = "this is log " + log_->identity().id.value();
        co_return refuse({.code = "log.other-log", .message = message});
    }
    const Position from(*after);
    const auto known = from > log_->last() ? Result<std::uint32_t>(0) : log_->checksum_at(from);
    if (!known && known.error().code != "log.trimmed" && from != Position(0)) co_return refuse(known.error());
    const bool forked = from > log_->last() || (known && *checksum != 0 && *known != *checksum);
    if (forked) {
        const std::string message =
            fmt::format("entry {} is not the one that was followed: our past is another one now", from.value());
        co_return refuse({.code = "log.forked", .message = message});
    }
    log_->confirm(replica, from);

    const auto deadline =
        io::Deadline::after(std::min<Duration>(options_.wait_max, std::chrono::milliseconds(*wait_ms)));
    ChangeLog::ReadLimits limits{.bytes_max = options_.page_bytes_max, .origin = log_->options().region};
    Page page{.after = from, .reached = from, .reached_checksum = known.value_or(0)};
    // What the other region told us is no news to it: passed over, it ends no waiting.
    while (true) {
        auto read = [log = log_, after = page.reached, limits] { return log->read(after, limits); };
        auto slice = co_await reading_.run(std::move(read));
        if (!slice) co_return refuse(slice.error());
        page.reached = slice->reached;
        page.reached_checksum = slice->reached_checksum;
        page.entries = std::move(slice->entries);
        if (!page.entries.empty() || deadline.passed()) break;
        co_await log_->wait_beyond(page.reached, deadline);
    }
    page.last = log_->last();
    page.sent_at_ms = log_->wall_ms();
    co_return bytes_answer(200, encode(page));
}

io::Task<io::HttpResponse> Source::make_snapshot(io::HttpRequest request) {
    const RegionName replica(request.query("replica"));
    auto make = [this] { return snapshots_.make(log_); };
    const auto made = co_await snapshotting_.run(std::move(make));
    if (!made) co_return refuse(made.error());
    log_->confirm(replica, made->at_least);  // what follows it is kept for it
    co_return io::HttpResponse::json(200, made->json());
}

io::Task<io::HttpResponse> Source::refill(io::HttpRequest request) {
    const RegionName replica(request.query("replica"));
    if (std::ranges::find(log_->options().replicas, replica) == log_->options().replicas.end()) {
        co_return io::HttpResponse::error(400, "log.bad-request", "replica: a region that follows this log");
    }
    // Before it begins: everything that is logged again stands behind this.
    Followed from{.id = log_->identity().id, .position = log_->last()};
    const auto checksum = log_->checksum_at(from.position);
    if (!checksum) co_return refuse(checksum.error());
    from.checksum = *checksum;
    const auto begun = co_await options_.refill(replica);
    if (!begun) co_return refuse(begun.error());
    log_->confirm(replica, from.position);  // what follows it is kept for it
    co_return io::HttpResponse::json(200, boost::json::serialize(to_json(from)));
}

io::Task<io::HttpResponse> Source::snapshot(io::HttpRequest request) {
    const std::string path(request.path());
    const std::string rest = path.substr(std::string_view("/log/snapshots/").size());
    const auto slash = rest.find('/');
    const std::string id = rest.substr(0, slash);
    if (request.method == "DELETE" && slash == std::string::npos) {
        auto remove = [this, id] {
            snapshots_.remove(id);
            return true;
        };
        co_await snapshotting_.run(std::move(remove));
        co_return io::HttpResponse{.status = 204};
    }
    if (request.method != "GET") co_return io::HttpResponse::error(405, "log.no-such-call", request.method);
    if (slash == std::string::npos) {
        auto find = [this, id] { return snapshots_.find(id); };
        const auto found = co_await snapshotting_.run(std::move(find));
        if (!found) co_return refuse(found.error());
        co_return io::HttpResponse::json(200, found->json());
    }
    const auto range = range_of(request.header("Range"));
    if (!range) co_return io::HttpResponse::error(416, "log.bad-range", "Range: bytes=a-b, at most 8 MiB");
    auto read = [this, id, file = rest.substr(slash + 1), range] {
        return snapshots_.read(id, file, range->first, range->second);
    };
    auto bytes = co_await snapshotting_.run(std::move(read));
    if (!bytes) co_return refuse(bytes.error());
    co_return bytes_answer(206, std::move(*bytes));
}

}  // namespace cloudshelf::changelog
