#pragma once

#include "base/result.hpp"
#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

/// A canonical user, as owner of buckets, objects and uploads.
struct Owner {
    std::string id;
    std::string display_name = {};  // empty: not shown
    bool operator==(const Owner&) const = default;
};

void write_owner(XmlWriter& writer, std::string_view name, const Owner& owner);
Owner read_owner(Fields& fields);

enum class AclPermission : std::uint8_t { full_control, write, write_acp, read, read_acp };
std::string_view to_string(AclPermission permission);

enum class Group : std::uint8_t { all_users, authenticated_users, log_delivery };
/// "http://acs.amazonaws.com/groups/global/AllUsers", …
std::string_view uri_of(Group group);
std::optional<Group> group_of(std::string_view uri);

/// What one grantee may do: a canonical user or, where there is one, a group.
struct Grant {
    Owner user;
    std::optional<Group> group;
    AclPermission permission = AclPermission::full_control;
    bool operator==(const Grant&) const = default;
};

inline constexpr std::size_t acl_grants_max = 100;

/// Body of PutBucketAcl and PutObjectAcl, answer of GetBucketAcl and GetObjectAcl.
struct AccessControlPolicy {
    Owner owner;
    std::vector<Grant> grants;
    bool operator==(const AccessControlPolicy&) const = default;
};

/// Errors: MalformedACLError; InvalidArgument for a group that isn't known; UnresolvableGrantByEmailAddress for every
/// e-mail address.
Result<AccessControlPolicy> parse_access_control_policy(std::string_view body);
std::string print(const AccessControlPolicy& policy);

}  // namespace cloudshelf::s3
