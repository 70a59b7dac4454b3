#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>

namespace cloudshelf::core {

/// Whether orders and payments wait for the standby: yes; no (recorded before the first unprotected acknowledgement);
/// they wait although there is none (policy `block`).
enum class Sync { in_step, degraded, blocked };

/// How the writer before was made unable to write.
enum class FenceHow { acknowledged, lease_ran_out, person };

/// Proof that a writer has ended for good: no promotion without one (design §5, rule 6).
struct FenceRecord {
    FenceHow how = FenceHow::lease_ran_out;
    Epoch epoch{0};  // of the fenced writer
    friend bool operator==(const FenceRecord&, const FenceRecord&) = default;
};

/// The last word of an old writer: the new one opens only when it has replayed up to it (design §5, rule 6).
struct PromotionToken {
    std::string system_id;
    std::uint32_t timeline = 0;
    Lsn lsn{0};
    friend bool operator==(const PromotionToken&, const PromotionToken&) = default;
};

/// The value of the lease key (docs/architecture.md, "The lease").
struct LeaseRecord {
    RegionName region;
    Epoch epoch{0};
    std::uint64_t beat = 0;
    Sync sync = Sync::degraded;
    FenceRecord fence;
    bool released = false;
    std::optional<PromotionToken> token;
    /// In a store that was made anew from what the regions said (core/rebuild): the writer of this epoch, which is this
    /// region, goes on at the record's. A release that does not know it sees a lease that was taken, and stops.
    std::optional<Epoch> continues = std::nullopt;
    friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

/// The first record of a writer that takes up the lease: proof that its epoch is current.
LeaseRecord taken_up(LeaseRecord found, Sync sync);
/// The next renewal; with the token of a writer that has stopped, the one that lets go of the lease.
LeaseRecord renewed(LeaseRecord last, Sync sync, const std::optional<PromotionToken>& release);

std::string to_json(const LeaseRecord& record);
/// Errors: "lease.unreadable", saying what was expected.
Result<LeaseRecord> parse_lease(const std::string& text);

const char* name(Sync sync);
const char* name(FenceHow how);
Result<FenceHow> fence_how(const std::string& text);
/// "0/5000148", as PostgreSQL writes it.
std::string text(Lsn lsn);
/// Errors: "lease.bad-lsn".
Result<Lsn> parse_lsn(const std::string& text);

}  // namespace cloudshelf::core
