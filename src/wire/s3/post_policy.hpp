#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What whoever signed a browser's form allows in it (S3 API, "Creating a POST policy").
namespace cloudshelf::s3 {

using FormFields = std::vector<std::pair<std::string, std::string>>;

struct PostCondition {
    enum class Kind : std::uint8_t { equal, starts_with };
    Kind kind = Kind::equal;
    std::string field;  // lower case, without "$"
    std::string value;
    bool operator==(const PostCondition&) const = default;
};

struct PostPolicy {
    std::int64_t expires_ms = 0;  // since 1970
    std::vector<PostCondition> conditions;
    std::optional<std::pair<std::uint64_t, std::uint64_t>> length;  // content-length-range: from and to, both included
    bool operator==(const PostPolicy&) const = default;
};

/// `document`: JSON, out of its base64. Errors: InvalidPolicyDocument.
Result<PostPolicy> parse_post_policy(std::string_view document);

/// Whether the fields, names in lower case, are what the policy says, all of a name where there are several, and the
/// policy speaks of each of them; the signature's, "policy" and those that begin with "x-ignore-" need no word. "bucket"
/// has to be the one that the form is for. Errors: AccessDenied.
Result<void> check_fields(const PostPolicy& policy, const FormFields& fields);

/// Errors: AccessDenied.
Result<void> check_expiration(const PostPolicy& policy, std::int64_t now_ms);

/// Errors: EntityTooSmall, EntityTooLarge.
Result<void> check_length(const PostPolicy& policy, std::uint64_t file_bytes);

}  // namespace cloudshelf::s3
