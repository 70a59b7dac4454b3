#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::s3 {

/// Body of PutPublicAccessBlock, answer of GetPublicAccessBlock. What isn't given is off.
struct PublicAccessBlockConfiguration {
    bool block_public_acls = false;
    bool ignore_public_acls = false;
    bool block_public_policy = false;
    bool restrict_public_buckets = false;
    bool operator==(const PublicAccessBlockConfiguration&) const = default;
};
Result<PublicAccessBlockConfiguration> parse_public_access_block_configuration(std::string_view body);
std::string print(const PublicAccessBlockConfiguration& configuration);

enum class ObjectOwnership : std::uint8_t { bucket_owner_enforced, bucket_owner_preferred, object_writer };
std::string_view to_string(ObjectOwnership ownership);

/// Body of PutBucketOwnershipControls, answer of GetBucketOwnershipControls; the document has exactly one rule.
struct OwnershipControls {
    ObjectOwnership ownership = ObjectOwnership::bucket_owner_enforced;
    bool operator==(const OwnershipControls&) const = default;
};
Result<OwnershipControls> parse_ownership_controls(std::string_view body);
std::string print(const OwnershipControls& controls);

/// Answer of GetBucketPolicyStatus.
std::string print_policy_status(bool is_public);

}  // namespace cloudshelf::s3
