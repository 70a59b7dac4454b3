#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

#include <string_view>

/// The errors of this folder, by name. `dns.stale-epoch` is what callers react to; the others are for people.
namespace cloudshelf::dns::errors {

/// Nobody answered: what was asked for may have been done.
inline Error no_answer(std::string_view server, std::string_view why) {
    return {
        .code = "dns.no-answer",
        .message = fmt::format("nameserver {}: {}", server, why),
        .certainty = Certainty::unknown,
        .retryable = true,
    };
}

/// Nobody listens there: nothing was done.
inline Error not_running(std::string_view server) {
    return {
        .code = "dns.no-answer",
        .message = fmt::format("nameserver {}: nothing listens there", server),
        .retryable = true,
    };
}

/// SERVFAIL and the like: the server is in trouble (its database locked, for one), and says no more.
inline Error server_failed(std::string_view server, int rcode) {
    return {
        .code = "dns.server-failed",
        .message = fmt::format("nameserver {} answered RCODE {}; its log says why", server, rcode),
        .certainty = Certainty::unknown,
        .retryable = true,
    };
}

/// The server understood and will not: wrong key, not its zone, a record it doesn't take.
inline Error refused(std::string_view server, int rcode) {
    return {
        .code = "dns.refused",
        .message = fmt::format(
            "nameserver {} refused the update (RCODE {}{}); compare key, zone and records with its own",
            server,
            rcode,
            rcode == 9 ? ", NOTAUTH: wrong key or clocks more than 300 s apart" : ""
        ),
    };
}

/// The zone's version is not the expected one: somebody else was first. Nothing was changed.
inline Error stale(std::string_view server, std::string_view expected) {
    return {
        .code = "dns.stale",
        .message = fmt::format("nameserver {}: the zone's version is not \"{}\" any more", server, expected),
        .retryable = true,
    };
}

/// What was to be done is overtaken: the zone is at this version with other records, or beyond it.
inline Error stale_epoch(std::string_view server, std::string_view there, std::string_view ours) {
    return {
        .code = "dns.stale-epoch",
        .message = fmt::format("nameserver {}: the zone is at \"{}\", so \"{}\" comes too late", server, there, ours),
    };
}

inline Error no_version(std::string_view server, std::string_view zone, std::string_view found) {
    return {
        .code = "dns.no-version",
        .message = fmt::format(
            "nameserver {}: expected _plan.{} TXT \"epoch=E change=C\", found {}; this zone was not made by us",
            server,
            zone,
            found
        ),
    };
}

inline Error empty(std::string_view name, std::string_view type) {
    return {
        .code = "dns.empty",
        .message = fmt::format("{} {} without a value: the last answer of a name is never removed", name, type),
    };
}

inline Error bad_record(std::string_view name, std::string_view type, std::string_view why) {
    return {.code = "dns.bad-record", .message = fmt::format("{} {}: {}", name, type, why)};
}

inline Error prepare(std::string_view where, std::string_view why) {
    return {.code = "dns.prepare", .message = fmt::format("{}: {}", where, why)};
}

}  // namespace cloudshelf::dns::errors
