#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::core {

/// A service's promise.
struct Objective {
    ServiceName service;
    Duration rto{};
    Duration rpo{};
    bool lossless = false;  // its writes wait for the standby: none may be lost, whatever the RPO says
};

/// A customer's transaction, from when it was meant to begin to its end, its retries included.
struct Visit {
    TimePoint started{};
    TimePoint ended{};
    bool ok = false;
};

/// How a service came back.
struct Recovery {
    /// The end of the first transaction that began after the fault and succeeded.
    std::optional<TimePoint> first_success;
    /// The first success after which no transaction failed for the soak time. Nothing: RTA is not closed.
    std::optional<TimePoint> green_since;
};
/// `visits` in any order; those that began before the fault, or at `until` and later, do not count. A transaction
/// counts as failed in the soak when it began after the success in question: older ones may still run into their limit.
Recovery recovery(std::vector<Visit> visits, TimePoint fault, TimePoint until, Duration soak);

/// What the clients' own ledger says of one service.
struct ServiceEvidence {
    /// The end of the first customer transaction that began after the fault and succeeded.
    std::optional<TimePoint> first_success;
    std::uint64_t acknowledged_writes = 0;
    /// When the writes that are missing after recovery were acknowledged.
    std::vector<TimePoint> missing;
    /// See Recovery; without it RTA is open, unless nobody measured the soak.
    std::optional<TimePoint> green_since;
    bool soak_measured = false;
};

/// What was achieved (design §2: the only definition of RTA and RPA).
struct ServiceOutcome {
    ServiceName service;
    Duration rto_objective{};
    std::optional<Duration> rta;  // nothing: it never recovered
    Duration rpo_objective{};
    Duration rpa{};
    std::uint64_t acknowledged_writes = 0;
    std::uint64_t lost_writes = 0;
    bool met = false;
    std::optional<Duration> green_after;  // from the fault until it stayed green for the soak time
    bool closed = true;                   // false: it came back, and did not stay
    bool lossless = false;
};
ServiceOutcome outcome(const Objective& objective, TimePoint fault, const ServiceEvidence& evidence);

/// A time in which a region could write, by its own clock's deadlines.
struct WriterInterval {
    RegionName region;
    Epoch epoch{0};
    TimePoint from{};
    TimePoint until{};
};
/// For how long two regions could write at once; zero is the only good answer.
Duration writer_overlap(const std::vector<WriterInterval>& intervals);

/// A write that a customer saw acknowledged, and the epoch of the writer that took it.
struct WriteSeen {
    Epoch epoch{0};
    TimePoint acked{};
};
/// The second witness against two writers: for how long an older epoch's writer went on acknowledging after a newer
/// one had begun to, as customers saw it. Epoch 0 (unknown) does not count.
Duration acknowledgement_overlap(const std::vector<WriteSeen>& writes);

/// Why a recovery did not pass; empty when it did.
std::vector<std::string> reasons_against(
    const std::vector<ServiceOutcome>& services, Duration overlap, std::uint64_t lost_in_failback
);

/// Everything that a recovery is judged by.
struct Proof {
    std::vector<ServiceOutcome> services;
    Duration overlap{};               // writer_overlap
    Duration acknowledged_overlap{};  // acknowledgement_overlap
    bool failback_ended = true;
    std::uint64_t lost_in_failback = 0;
    std::uint64_t twice = 0;   // writes found twice
    std::uint64_t wrong = 0;   // writes found with other content
    std::uint64_t unread = 0;  // writes that nobody could read back: not proven to be there
};
/// Passed only when every objective was met, no payment or order was lost, every acknowledged write was found once and
/// unchanged or counted as lost, the failback ended and lost nothing, and nobody could write in two regions.
std::vector<std::string> reasons_against(const Proof& proof);

}  // namespace cloudshelf::core
