#include "drivers/dns/dns.hpp"

#include "drivers/dns/exchange.hpp"
#include "drivers/dns/packet.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace cloudshelf::dns {
namespace {

using namespace std::chrono_literals;

constexpr int noerror = 0;
constexpr int nxrrset = 8;  // RFC 2136 §2.2: an RRset that ought to exist does not

}  // namespace

std::string text(Version version) {
    return fmt::format("epoch={} change={}", version.epoch, version.change);
}

std::optional<Version> parse_version(const std::string& text) {
    unsigned long long epoch = 0;
    unsigned long long change = 0;
    if (std::sscanf(text.c_str(), "epoch=%llu change=%llu", &epoch, &change) != 2) return std::nullopt;
    return Version{epoch, change};
}

io::Task<Result<Answer>> query(io::Endpoint server, std::string name, std::string type, io::Deadline deadline) {
    auto packet = question(name, type);
    if (!packet) co_return fail(packet.error());
    auto answer = co_await exchange(std::move(server), std::move(*packet), std::move(type), deadline);
    if (!answer) co_return fail(answer.error());
    co_return std::move(answer->parsed.answer);
}

io::Task<Result<Version>> read_version(Server server, io::Deadline deadline) {
    const auto answer = co_await query(server.endpoint, "_plan." + server.zone, "TXT", deadline);
    if (!answer) co_return fail(answer.error());
    const auto version = answer->values.size() == 1 ? parse_version(answer->values[0]) : std::nullopt;
    if (!version) {
        co_return fail(
            "dns.no-version", fmt::format("{} has no readable _plan.{} TXT", server.endpoint.text(), server.zone)
        );
    }
    co_return *version;
}

io::Task<Result<void>> compare_and_swap(
    Server server, Version expected, Version next, std::vector<RecordSet> records, io::Deadline deadline
) {
    auto made = update(server, expected, next, records);
    if (!made) co_return fail(made.error());
    const auto answer = co_await exchange(server.endpoint, made->wire, "", deadline);
    if (!answer) co_return fail(answer.error());
    if (answer->parsed.rcode == nxrrset) {
        co_return fail(
            "dns.stale",
            fmt::format("{}: the zone's version is not {} any more", server.endpoint.text(), text(expected))
        );
    }
    if (answer->parsed.rcode != noerror) {
        co_return fail(
            "dns.refused",
            fmt::format("{}: refused the update (RCODE {})", server.endpoint.text(), answer->parsed.rcode)
        );
    }
    // PowerDNS 4.7 does not sign its answers to updates; where a signature is there, it has to be right. The truth is
    // what the server answers afterwards: apply() asks.
    co_return Result<void>{};
}

io::Task<Result<void>> apply(Server server, Version version, std::vector<RecordSet> records, io::Deadline deadline) {
    Error last{.code = "dns.no-answer", .message = "no time was left"};
    for (int attempt = 0; !deadline.passed() && attempt < 20; ++attempt) {
        const auto now = co_await read_version(server, deadline.sooner(300ms));
        if (!now) {
            last = now.error();
            if (last.code == "dns.no-version") co_return fail(last);
            continue;
        }
        if (*now == version) co_return Result<void>{};  // done before, or by the update whose answer was lost
        if (*now > version) {
            co_return fail("dns.stale-epoch", fmt::format("the zone is at {}, beyond {}", text(*now), text(version)));
        }
        const auto swapped = co_await compare_and_swap(server, *now, version, records, deadline.sooner(500ms));
        if (!swapped) {
            last = swapped.error();
            if (last.code == "dns.refused" || last.code == "dns.empty" || last.code == "dns.bad-record")
                co_return fail(last);
        }
    }
    co_return fail(last);
}

}  // namespace cloudshelf::dns
