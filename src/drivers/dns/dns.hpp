#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "io/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::dns {

/// The version of a zone's plan: grows with every change, and with every epoch.
struct Version {
    std::uint64_t epoch = 0;
    std::uint64_t change = 0;
    friend auto operator<=>(const Version&, const Version&) = default;
};
/// "epoch=7 change=2": the content of the TXT record `_plan.<zone>`.
std::string text(Version version);
std::optional<Version> parse_version(const std::string& text);

/// One name's answers of a type; replaces what is there.
struct RecordSet {
    std::string name;
    std::string type;  // "A", "TXT"
    std::uint32_t ttl = 60;
    std::vector<std::string> values;  // never empty: the last answer of a name is never removed
};

struct Server {
    io::Endpoint endpoint;
    std::string zone;
    std::string key_name;
    std::string key;  // TSIG, hmac-sha256: base64
};

/// Whether these records may be sent to the zone: inside it, with values, of types A, AAAA, CNAME or TXT, each name and
/// type once, never the version itself. Errors: "dns.empty", "dns.bad-record".
Result<void> check(const std::string& zone, const std::vector<RecordSet>& records);

/// What the server says the zone's version is. Errors: "dns.no-answer" and "dns.server-failed" (retryable),
/// "dns.no-version".
io::Task<Result<Version>> read_version(Server server, io::Deadline deadline);

/// Changes the records and the version in one transaction, if the version is what is expected: RFC 2136 with a
/// value-dependent prerequisite (§2.4.2), signed with TSIG (RFC 8945). Sent once. Errors: "dns.stale" (not_done: the
/// version is another), "dns.refused", "dns.empty", "dns.bad-record" (not_done), "dns.no-answer" (not_done when nothing
/// listens there, else unknown), "dns.server-failed" (unknown).
io::Task<Result<void>> compare_and_swap(
    Server server, Version expected, Version next, std::vector<RecordSet> records, io::Deadline deadline
);

/// Brings the zone to `version` with these records, and returns when the server answers with them. Safe to repeat: a
/// zone that is there already is left alone. One that is beyond, or there with other records, is "dns.stale-epoch".
/// Goes on asking a server that is away until the deadline; the error then says whether the change may have been made.
io::Task<Result<void>> apply(Server server, Version version, std::vector<RecordSet> records, io::Deadline deadline);

/// Answers of one type for a name, from this server alone. An empty list: there is none. Errors: "dns.no-answer",
/// "dns.server-failed", "dns.bad-name".
struct Answer {
    std::vector<std::string> values;
    std::uint32_t ttl = 0;
};
io::Task<Result<Answer>> query(io::Endpoint server, std::string name, std::string type, io::Deadline deadline);

}  // namespace cloudshelf::dns
