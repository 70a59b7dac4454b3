#include "drivers/dns/dns.hpp"

#include "drivers/dns/errors.hpp"
#include "drivers/dns/exchange.hpp"
#include "drivers/dns/packet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace cloudshelf::dns {
namespace {

using namespace std::chrono_literals;

// RCODEs of RFC 1035 §4.1.1 and RFC 2136 §2.2.
constexpr int noerror = 0;
constexpr int servfail = 2;
constexpr int nxdomain = 3;
constexpr int yxdomain = 6;
constexpr int nxrrset = 8;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return text;
}

Result<void> check_values(const RecordSet& set) {
    if (set.values.empty()) return fail(errors::empty(set.name, set.type));
    if (set.ttl > INT32_MAX) return fail(errors::bad_record(set.name, set.type, "a TTL is at most 2147483647"));
    if (set.type == "CNAME" && set.values.size() > 1)
        return fail(errors::bad_record(set.name, set.type, "a CNAME has one value"));
    for (const auto& value : set.values) {
        if (const auto canonical = canonical_value(set, value); !canonical) return fail(canonical.error());
    }
    return {};
}

/// Whether the server answers with exactly these records.
io::Task<Result<bool>> holds(Server server, std::vector<RecordSet> records, io::Deadline deadline) {
    for (const auto& set : records) {
        const auto answer = co_await query(server.endpoint, set.name, set.type, deadline);
        if (!answer) co_return fail(answer.error());
        std::set<std::string> wanted;
        for (const auto& value : set.values) wanted.insert(canonical_value(set, value).value_or(value));
        const std::set<std::string> found(answer->values.begin(), answer->values.end());
        if (found != wanted || answer->ttl != set.ttl) co_return false;
    }
    co_return true;
}

}  // namespace

std::string text(Version version) {
    return fmt::format("epoch={} change={}", version.epoch, version.change);
}

std::optional<Version> parse_version(const std::string& text) {
    constexpr std::string_view first = "epoch=";
    constexpr std::string_view second = " change=";
    if (!text.starts_with(first)) return std::nullopt;
    const char* const end = text.data() + text.size();
    Version version;
    const auto epoch = std::from_chars(text.data() + first.size(), end, version.epoch);
    if (epoch.ec != std::errc() || !std::string_view(epoch.ptr, end).starts_with(second)) return std::nullopt;
    const auto change = std::from_chars(epoch.ptr + second.size(), end, version.change);
    if (change.ec != std::errc() || change.ptr != end) return std::nullopt;
    // The prerequisite compares text, so a version that is written in another way could never be replaced.
    if (dns::text(version) != text) return std::nullopt;
    return version;
}

Result<void> check(const std::string& zone, const std::vector<RecordSet>& records) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& set : records) {
        const std::string name = lower(set.name.ends_with('.') ? set.name.substr(0, set.name.size() - 1) : set.name);
        if (name != lower(zone) && !name.ends_with("." + lower(zone)))
            return fail(errors::bad_record(set.name, set.type, "the name is not in the zone " + zone));
        if (name == "_plan." + lower(zone))
            return fail(errors::bad_record(set.name, set.type, "the zone's version is set by the change itself"));
        if (!seen.emplace(name, set.type).second)
            return fail(errors::bad_record(set.name, set.type, "is there twice; put all values into one"));
        if (const auto checked = check_values(set); !checked) return checked;
    }
    for (const auto& [name, type] : seen) {
        const auto first = seen.lower_bound({name, ""});
        if (type == "CNAME" && std::next(first) != seen.end() && std::next(first)->first == name)
            return fail(errors::bad_record(name, type, "a name with a CNAME has nothing else"));
    }
    return {};
}

io::Task<Result<Answer>> query(io::Endpoint server, std::string name, std::string type, io::Deadline deadline) {
    auto packet = question(name, type);
    if (!packet) co_return fail(packet.error());
    auto answer = co_await exchange(server, std::move(*packet), std::move(type), deadline);
    Error error;
    if (!answer) {
        error = answer.error();
    } else if (answer->parsed.rcode != noerror && answer->parsed.rcode != nxdomain) {
        error = errors::server_failed(server.text(), answer->parsed.rcode);
    } else {
        co_return std::move(answer->parsed.answer);
    }
    error.certainty = Certainty::not_done;  // a question changes nothing
    co_return fail(std::move(error));
}

io::Task<Result<Version>> read_version(Server server, io::Deadline deadline) {
    const auto answer = co_await query(server.endpoint, "_plan." + server.zone, "TXT", deadline);
    if (!answer) co_return fail(answer.error());
    const auto version = answer->values.size() == 1 ? parse_version(answer->values[0]) : std::nullopt;
    if (version) co_return *version;
    const std::string found = answer->values.empty() ? "none" : "\"" + answer->values[0] + "\"";
    co_return fail(errors::no_version(server.endpoint.text(), server.zone, found));
}

io::Task<Result<void>> compare_and_swap(
    Server server, Version expected, Version next, std::vector<RecordSet> records, io::Deadline deadline
) {
    const std::string name = server.endpoint.text();
    if (const auto checked = check(server.zone, records); !checked) co_return fail(checked.error());
    if (next <= expected) co_return fail(errors::stale_epoch(name, text(expected), text(next)));
    auto made = update(server, expected, next, records);
    if (!made) co_return fail(made.error());
    const auto answer = co_await exchange(server.endpoint, made->wire, "", deadline);
    if (!answer) co_return fail(answer.error());
    const int rcode = answer->parsed.rcode;
    const bool overtaken = rcode == nxdomain || (rcode >= yxdomain && rcode <= nxrrset);
    // Anybody may have sent this who saw the question, so what would be acted upon has to be signed. A server that does
    // not know our key cannot sign.
    if ((rcode == noerror || overtaken) && !is_signed_by(answer->wire, server, made->mac))
        co_return fail(errors::no_answer(name, "the answer to an update is not signed with our key"));
    if (rcode == noerror) co_return Result<void>{};
    if (rcode == servfail) co_return fail(errors::server_failed(name, rcode));
    if (overtaken) co_return fail(errors::stale(name, text(expected)));
    co_return fail(errors::refused(name, rcode));
}

io::Task<Result<void>> apply(Server server, Version version, std::vector<RecordSet> records, io::Deadline deadline) {
    if (const auto checked = check(server.zone, records); !checked) co_return fail(checked.error());
    const std::string name = server.endpoint.text();
    bool maybe_done = false;  // an update of ours may have been carried out
    Error last = errors::not_running(name);
    for (Duration pause = 5ms; !deadline.passed(); pause = std::min<Duration>(2 * pause, 80ms)) {
        const auto now = co_await read_version(server, deadline.sooner(300ms));
        if (!now) {
            last = now.error();
            if (!last.retryable) break;
        } else if (*now > version) {
            last = errors::stale_epoch(name, text(*now), text(version));
            break;
        } else if (*now == version) {
            const auto same = co_await holds(server, records, deadline.sooner(300ms));
            if (same && *same) co_return Result<void>{};
            // After an update of ours, other records can only be a cache's, which ends.
            last = same ? errors::stale_epoch(name, text(*now) + " with other records", text(version)) : same.error();
            if (same && !maybe_done) break;
        } else {
            const auto swapped = co_await compare_and_swap(server, *now, version, records, deadline.sooner(500ms));
            if (swapped) {
                maybe_done = true;
                last = errors::no_answer(name, "took the change and does not show it");
                continue;
            }
            last = swapped.error();
            if (last.certainty == Certainty::unknown) maybe_done = true;
            if (!last.retryable) break;
        }
        co_await io::wait_for(std::min(pause, deadline.remaining()));
    }
    last.certainty = maybe_done ? Certainty::unknown : Certainty::not_done;
    co_return fail(std::move(last));
}

}  // namespace cloudshelf::dns
