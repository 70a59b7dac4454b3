#pragma once

#include "core/ledger.hpp"
#include "workload/ledger.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::workload {

/// The verdict on a write whose fate was never learnt: once or not at all is as it should be (`present`, `missing`).
Found judge_unknown(const Acknowledged& write, int status, const std::string& body);

/// The verdict from sending an acknowledged write once more with its key: the same id, or it is there twice.
Found judge_again(const Acknowledged& write, int status, const std::string& body);

/// What reading everything back found.
struct AuditResult {
    struct Count {
        std::uint64_t acknowledged = 0;
        std::uint64_t present = 0;
    };
    std::map<std::pair<std::string, std::string>, Count> counts;  // by service and kind
    std::vector<std::pair<Acknowledged, Found>> bad;              // acknowledged, and not present
    std::uint64_t unknown_outcomes = 0;
    std::uint64_t unknown_present = 0;                    // of them, found once
    std::vector<std::pair<Acknowledged, Found>> unknown;  // of them, found twice or wrong

    void note(const Acknowledged& write, Found found);
    void note_unknown(const Acknowledged& write, std::optional<Found> found);

    std::uint64_t acknowledged() const;
    std::uint64_t acknowledged(const std::string& service) const;
    std::uint64_t count(Found found) const;  // unknown ones found twice or wrong included
};
/// {"acknowledged": n, "missing": n, …, "by_service": {"payments": {"order": {"acknowledged", "missing": n, …}}},
/// "bad": [each write that is not there as it should be], "unknown_outcomes": {…}}
boost::json::object to_json(const AuditResult& audit);

/// What the report needs to know of each service that customers used from `fault` to before `until`. RTA comes from
/// whole transactions that show the service whole: looking at an old order proves no payment. Writes lost are those
/// acknowledged before `until` and missing now.
struct Window {
    TimePoint fault{};
    TimePoint until{};
    Duration soak{};
};
std::map<std::string, core::ServiceEvidence> evidence_of(
    const Ledger& ledger, const std::vector<std::pair<Acknowledged, Found>>& bad, Window window
);

/// The acknowledged writes as a witness against two writers; carts, which both regions write, are none.
std::vector<core::WriteSeen> writes_seen(const Ledger& ledger);

/// Share of transactions that succeeded, by when they ended, one value per `width` from `from` on; nothing where none
/// ended. For plots.
std::vector<std::optional<double>> success_rate(const Ledger& ledger, TimePoint from, TimePoint until, Duration width);

}  // namespace cloudshelf::workload
