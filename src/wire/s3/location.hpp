#pragma once

#include "base/result.hpp"
#include "wire/s3/tagging.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

/// Body of CreateBucket, which may be empty.
struct CreateBucketConfiguration {
    std::string location_constraint = {};  // empty: not given
    std::vector<Tag> tags = {};
    bool operator==(const CreateBucketConfiguration&) const = default;
};
/// Errors: MalformedXML; NotImplemented for directory buckets (Location, Bucket); those of tags. Whether there is such
/// a region is the caller's to judge.
Result<CreateBucketConfiguration> parse_create_bucket_configuration(std::string_view body);
std::string print(const CreateBucketConfiguration& configuration);

/// Answer of GetBucketLocation. "us-east-1" has no name there, for it was the first.
std::string print_location_constraint(std::string_view region);

}  // namespace cloudshelf::s3
