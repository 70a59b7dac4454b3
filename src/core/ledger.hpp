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

/// What the clients' own ledger says of one service.
struct ServiceEvidence {
    /// The end of the first customer transaction that began after the fault and succeeded.
    std::optional<TimePoint> first_success;
    std::uint64_t acknowledged_writes = 0;
    /// When the writes that are missing after recovery were acknowledged.
    std::vector<TimePoint> missing;
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

/// Why a recovery did not pass; empty when it did.
std::vector<std::string> reasons_against(
    const std::vector<ServiceOutcome>& services, Duration overlap, std::uint64_t lost_in_failback
);

}  // namespace cloudshelf::core
