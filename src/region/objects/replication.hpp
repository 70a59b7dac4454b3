#pragma once

#include "base/ids.hpp"
#include "region/log/batch.hpp"
#include "region/objects/buckets.hpp"
#include "region/objects/version.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::objects {

class Service;

/// The kinds of a log's entry that say what a version is, for the regions that have a replica of its bucket.
inline constexpr std::string_view version_kind = "version";                  // it was written
inline constexpr std::string_view version_changed_kind = "version-changed";  // its tags, lock or access changed
inline constexpr std::string_view version_again_kind = "version-again";      // it is there: who missed it takes it now

/// … and the kind that says that a bucket, its container, may take replicas from now on.
inline constexpr std::string_view ready_kind = "replica-ready";

/// Records in "catalogue". That the other regions were told that a bucket may take replicas, …
std::string ready_record(BucketNumber bucket);
/// … that what failed for a bucket of another region, whose name follows, is to be sent again, …
inline constexpr std::string_view retry_records = "retry/";
/// … and that a region is sent everything again.
std::string refill_record(const RegionName& region);

/// Why a version is judged: it is written, or changes now; it is sent once more; it was there before the rules.
enum class Occasion : std::uint8_t { now, again, existed };

/// Where the bucket's rules send this version as it is: a new one, a marker, or a change of its tags, lock or access
/// (`changed` is later than `stamp`). Not now, it is judged as the object it is, whatever changed since it was written.
std::vector<Destination> chosen_destinations(const KnownBucket& bucket, const Version& version, Occasion occasion);

/// Within a decision: where the bucket's rules send this version, it is logged, and knows where to and at which place.
/// A change goes where its version went. A replica is not sent on; a change of its tags, lock or access is, where a
/// rule says so.
void log_for_replication(changelog::Batch& batch, const KnownBucket& bucket, Version& version);

/// x-amz-replication-status: "PENDING", "COMPLETED", "FAILED", "REPLICA", or nothing where no rule concerns it.
/// FAILED as soon as one destination is known not to take it; COMPLETED when all other regions have it durably.
std::string replication_status(Service& service, const KnownBucket& bucket, const Version& version);

}  // namespace cloudshelf::objects
