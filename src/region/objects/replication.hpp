#pragma once

#include "region/log/batch.hpp"
#include "region/objects/buckets.hpp"
#include "region/objects/version.hpp"

#include <string>
#include <string_view>

namespace cloudshelf::objects {

class Service;

/// The kind of a log's entry that says what a version is, for the regions that have a replica of its bucket.
inline constexpr std::string_view version_kind = "version";

/// Within a decision: where the bucket's rules send this version, it is logged, and knows where to and at which place.
/// A replica is not sent on.
void log_for_replication(changelog::Batch& batch, const KnownBucket& bucket, Version& version);

/// x-amz-replication-status: "PENDING", "COMPLETED", "FAILED", "REPLICA", or nothing where no rule concerns it.
std::string replication_status(Service& service, const KnownBucket& bucket, const Version& version);

}  // namespace cloudshelf::objects
