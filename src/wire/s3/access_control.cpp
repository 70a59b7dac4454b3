#include "wire/s3/access_control.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

struct NamedGroup {
    Group group;
    std::string_view uri;
};

constexpr auto groups = std::to_array<NamedGroup>({
    {Group::all_users, "http://acs.amazonaws.com/groups/global/AllUsers"},
    {Group::authenticated_users, "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"},
    {Group::log_delivery, "http://acs.amazonaws.com/groups/s3/LogDelivery"},
});

void read_grantee(Fields& fields, Grant& grant) {
    const auto type = fields.element().attribute("type");
    if (type == "CanonicalUser") {
        grant.user = read_owner(fields);
    } else if (type == "Group") {
        grant.group = group_of(fields.need_text("URI"));
        if (!grant.group) fields.complain(errors::invalid_argument("Invalid group uri"));
    } else if (type == "AmazonCustomerByEmail") {
        static_cast<void>(fields.need_text("EmailAddress"));
        fields.complain(errors::unresolvable_grant_by_email_address());
    } else {
        fields.malformed();
    }
}

}  // namespace

void write_owner(XmlWriter& writer, std::string_view name, const Owner& owner) {
    writer.open(name);
    writer.element("ID", owner.id);
    if (!owner.display_name.empty()) writer.element("DisplayName", owner.display_name);
    writer.close();
}

Owner read_owner(Fields& fields) {
    Owner owner{.id = fields.need_text("ID")};
    owner.display_name = fields.text("DisplayName").value_or("");
    return owner;
}

std::string_view to_string(AclPermission permission) {
    switch (permission) {
        case AclPermission::full_control:
            return "FULL_CONTROL";
        case AclPermission::write:
            return "WRITE";
        case AclPermission::write_acp:
            return "WRITE_ACP";
        case AclPermission::read:
            return "READ";
        case AclPermission::read_acp:
            return "READ_ACP";
    }
    std::unreachable();
}

std::string_view uri_of(Group group) {
    return std::ranges::find(groups, group, &NamedGroup::group)->uri;
}

std::optional<Group> group_of(std::string_view uri) {
    const auto* found = std::ranges::find(groups, uri, &NamedGroup::uri);
    if (found == groups.end()) return std::nullopt;
    return found->group;
}

Result<AccessControlPolicy> parse_access_control_policy(std::string_view body) {
    const auto read = [](Fields& root, AccessControlPolicy& policy) {
        root.need_inside("Owner", [&](Fields& owner) { policy.owner = read_owner(owner); });
        root.need_inside("AccessControlList", [&](Fields& list) {
            list.each("Grant", [&](Fields& fields) {
                Grant grant;
                fields.need_inside("Grantee", [&](Fields& grantee) { read_grantee(grantee, grant); });
                using enum AclPermission;
                grant.permission = fields.need_word("Permission", {full_control, write, write_acp, read, read_acp});
                policy.grants.push_back(std::move(grant));
            });
        });
        if (policy.grants.size() > acl_grants_max) root.malformed();
    };
    return read_document<AccessControlPolicy>(
        body, "AccessControlPolicy", read, {.malformed = errors::malformed_acl()}
    );
}

std::string print(const AccessControlPolicy& policy) {
    XmlWriter writer("AccessControlPolicy");
    write_owner(writer, "Owner", policy.owner);
    writer.open("AccessControlList");
    for (const auto& grant : policy.grants) {
        writer.open("Grant");
        const auto type = grant.group ? "Group" : "CanonicalUser";
        const auto attributes = std::string(xsi) + " xsi:type=\"" + type + "\"";
        writer.open("Grantee", attributes);
        if (grant.group) {
            writer.element("URI", uri_of(*grant.group));
        } else {
            writer.element("ID", grant.user.id);
            if (!grant.user.display_name.empty()) writer.element("DisplayName", grant.user.display_name);
        }
        writer.close();
        writer.element("Permission", to_string(grant.permission));
        writer.close();
    }
    return writer.finish();
}

}  // namespace cloudshelf::s3
