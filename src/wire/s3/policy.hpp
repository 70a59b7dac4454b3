#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Bucket policies (IAM user guide, "IAM JSON policy elements reference"; S3 user guide, "Bucket policies").
namespace cloudshelf::s3 {

inline constexpr std::size_t policy_bytes_max = 20 * 1024;

enum class PolicyEffect : std::uint8_t { allow, deny };

/// Whom a statement is about: everybody, or those listed.
struct PolicyPrincipals {
    bool everybody = false;
    std::vector<std::string> aws = {};        // ARNs, or accounts of 12 digits
    std::vector<std::string> canonical = {};  // ids of canonical users
    std::vector<std::string> others = {};     // services and federations: nobody who comes to us is one
    bool operator==(const PolicyPrincipals&) const = default;
};

/// Patterns, or everything but them.
struct PolicyPatterns {
    bool excluded = false;  // NotAction, NotResource
    std::vector<std::string> patterns;
    bool operator==(const PolicyPatterns&) const = default;
};

enum class PolicyOperator : std::uint8_t {
    string_equals,
    string_equals_ignore_case,
    string_like,
    numeric_equals,
    numeric_less_than,
    numeric_less_than_equals,
    numeric_greater_than,
    numeric_greater_than_equals,
    date_equals,
    date_less_than,
    date_less_than_equals,
    date_greater_than,
    date_greater_than_equals,
    boolean,
    ip_address,
    arn_like,  // ArnEquals is the same
    null,
};

/// For a key with several values: as it is, all of them, or any of them.
enum class PolicyQuantifier : std::uint8_t { plain, for_all_values, for_any_value };

struct PolicyCondition {
    PolicyOperator op = PolicyOperator::string_equals;
    bool negated = false;  // StringNotEquals, NotIpAddress, …
    bool if_exists = false;
    PolicyQuantifier quantifier = PolicyQuantifier::plain;
    std::string key;  // lower case
    std::vector<std::string> values;
    bool operator==(const PolicyCondition&) const = default;
};

struct PolicyStatement {
    std::string sid = {};
    PolicyEffect effect = PolicyEffect::deny;
    PolicyPrincipals principals;
    PolicyPatterns actions;
    PolicyPatterns resources;
    std::vector<PolicyCondition> conditions = {};
    bool operator==(const PolicyStatement&) const = default;
};

struct Policy {
    std::string version = "2008-10-17";
    std::string id = {};
    std::vector<PolicyStatement> statements;
    bool operator==(const Policy&) const = default;
};

/// `bucket`: whose policy it is; resources have to be that bucket or in it. Errors: MalformedPolicy, with what is
/// wrong; among it keys that are there twice, NotPrincipal and policy variables, which we don't have.
Result<Policy> parse_policy(std::string_view text, std::string_view bucket);

struct PolicyRequest {
    bool anonymous = false;
    std::string principal_arn = {};  // arn:aws:iam::123456789012:user/name
    std::string account = {};        // 12 digits
    std::string canonical_id = {};
    std::string action;    // s3:GetObject
    std::string resource;  // arn:aws:s3:::bucket/key
    /// Condition keys in lower case: aws:sourceip, aws:securetransport, aws:currenttime, s3:prefix, …
    std::map<std::string, std::vector<std::string>, std::less<>> context = {};
};

enum class Verdict : std::uint8_t { none, allow, deny };

/// What the policy says of a request: an explicit deny wins over every allow; `none` where no statement applies.
Verdict evaluate(const Policy& policy, const PolicyRequest& request);

/// Whether it lets everybody in (S3 user guide, "The meaning of 'public'"): a statement allows everybody, and no
/// condition confines it to fixed accounts, organisations, networks or users.
bool is_public(const Policy& policy);

}  // namespace cloudshelf::s3
