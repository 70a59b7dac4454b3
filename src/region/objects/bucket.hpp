#pragma once

#include "base/result.hpp"
#include "base/strong.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace cloudshelf::objects {

/// What stands for a bucket in the keys of storage: never used twice in one folder, and of no meaning outside of it.
using BucketNumber = Strong<std::uint32_t, struct BucketNumberTag>;

enum class Versioning : std::uint8_t { never, enabled, suspended };

/// All that is known of a bucket but its objects. A value: a change makes another one.
struct Bucket {
    std::string name;
    BucketNumber number;
    std::string owner;            // an account's canonical id
    std::int64_t created_ms = 0;  // since 1970
    Versioning versioning = Versioning::never;
    bool object_lock = false;  // for good, once a bucket has it
    /// Its settings by the name of their subresource ("cors", "lifecycle", "policy", …), each the document that was
    /// accepted. Absent: not set.
    std::map<std::string, std::string, std::less<>> documents;
    bool operator==(const Bucket&) const = default;

    /// A document, or an empty text.
    std::string_view document(std::string_view subresource) const;
};
using BucketPtr = std::shared_ptr<const Bucket>;

/// A bucket as bytes for storage: JSON with a version of its format.
std::string encode_bucket(const Bucket& bucket);
/// Errors: "objects.bad-record".
Result<Bucket> decode_bucket(std::string_view text);

}  // namespace cloudshelf::objects
