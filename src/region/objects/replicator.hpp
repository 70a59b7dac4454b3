#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/pending.hpp"
#include "region/objects/service.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace cloudshelf::objects {

/// The source's side of replication, behind requests: sends what was there before a rule that wants it, sends again
/// what failed when the reason may be gone, tells the other regions which buckets may take replicas, and counts what is
/// on its way. What it began goes on after a restart. Lives on the service's executor.
class Replicator {
public:
    explicit Replicator(Service& service) : service_(service) {}

    /// Until the service stops.
    io::Task<void> run();

    /// Sends again what failed for that destination bucket; for all where it is empty. Answers how many versions.
    io::Task<Result<std::uint64_t>> retry_failed(std::string destination);

    /// All versions that were ever sent to other regions are sent again, for a region that missed a part of our log, or
    /// lost a part of what it had. Answers when that has begun, durably. Errors: those of ChangeLog::write.
    io::Task<Result<void>> refill(RegionName region);

    const std::map<RegionName, Pending>& pending() const { return pending_; }

private:
    void look_at_buckets();
    io::Task<void> follow_bucket(std::string name);
    io::Task<Result<void>> tell_ready(KnownBucketPtr bucket);
    io::Task<Result<void>> follow_rules(KnownBucketPtr bucket);
    bool has_rules_of(const KnownBucketPtr& bucket) const;
    void look_at_retries();
    io::Task<void> retry(std::string destination, std::string asked);
    io::Task<Result<void>> end_retry(std::string destination, std::string asked);
    io::Task<void> fill(RegionName region);
    io::Task<Result<bool>> fill_from(RegionName region, std::string begun, std::uint64_t round);
    void resume_refills();
    io::Task<void> count(RegionName region);

    Service& service_;
    std::map<std::string, KnownBucketPtr> seen_;   // buckets, as they were last looked at
    std::map<std::string, bool> changed_;          // buckets that are followed: whether they changed since that began
    std::set<std::string> retried_;                // destinations
    std::map<RegionName, std::uint64_t> refills_;  // begun, so that a later one begins anew
    std::map<RegionName, Pending> pending_;
    std::map<RegionName, changelog::Position> counted_;
};

}  // namespace cloudshelf::objects
