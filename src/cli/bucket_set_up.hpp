#pragma once

#include "base/result.hpp"
#include "core/plan.hpp"
#include "drivers/objects/client.hpp"

#include <functional>
#include <map>
#include <string>

namespace cloudshelf::cli {

/// The documents that a plan's bucket and its replica have, in the order in which they are to be set: versions before
/// replication.
struct BucketDocument {
    std::string bucket;
    RegionName region;
    objects_client::Subresource subresource{};
    std::string text;
};
/// Pure. `site`: the bucket is a website that everybody may read.
enum class IsSite : bool { no, yes };
std::vector<BucketDocument> documents_of(const core::Bucket& bucket, IsSite site);

/// Makes the buckets of a plan and their replicas what the plan says; what is so already stays. Clients by region.
/// Errors: those of the client; "buckets.no-region" where a region has no client.
io::Task<Result<void>> set_up_buckets(
    std::map<RegionName, objects_client::Client*> clients,
    const core::Plan* plan,
    std::function<void(const std::string& line)> say
);

}  // namespace cloudshelf::cli
