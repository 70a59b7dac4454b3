#include "region/objects/new_bucket.hpp"

#include "region/objects/acl.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/errors.hpp"

namespace cloudshelf::objects {
namespace {

Result<std::optional<s3::OwnershipControls>> asked_ownership(const Call& call) {
    using enum s3::ObjectOwnership;
    const std::string_view asked = call.header("x-amz-object-ownership");
    if (asked.empty()) return std::nullopt;
    for (const auto ownership : {bucket_owner_enforced, bucket_owner_preferred, object_writer}) {
        if (s3::to_string(ownership) == asked) return s3::OwnershipControls{.ownership = ownership};
    }
    return fail(s3::errors::invalid_argument("Invalid x-amz-object-ownership header: " + std::string(asked)));
}

}  // namespace

Result<void> take_settings_of_new(const Call& call, const std::vector<s3::Tag>& tags, Bucket& made) {
    const auto ownership = asked_ownership(call);
    if (!ownership) return fail(ownership.error());
    Settings settings{.ownership = *ownership};
    if (*ownership) made.documents[std::string(document::ownership)] = s3::print(**ownership);
    const AclOwners owners{.object = made.owner, .bucket = made.owner};
    const auto asked = asked_acl({.headers = call.request.headers, .owners = owners}, call.service.accounts());
    if (!asked) return fail(asked.error());
    if (*asked) {
        if (!check_acl(settings, owners, **asked)) return fail(s3::errors::invalid_bucket_acl_with_object_ownership());
        made.documents[std::string(document::acl)] = s3::print((*asked)->list);
    }
    if (!tags.empty()) made.documents[std::string(document::tagging)] = s3::print(s3::Tagging{.tags = tags});
    return {};
}

}  // namespace cloudshelf::objects
