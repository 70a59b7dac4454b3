#include "wire/s3/public_access.hpp"

#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

#include <utility>

namespace cloudshelf::s3 {

Result<PublicAccessBlockConfiguration> parse_public_access_block_configuration(std::string_view body) {
    const auto read = [](Fields& root, PublicAccessBlockConfiguration& configuration) {
        configuration.block_public_acls = root.flag("BlockPublicAcls").value_or(false);
        configuration.ignore_public_acls = root.flag("IgnorePublicAcls").value_or(false);
        configuration.block_public_policy = root.flag("BlockPublicPolicy").value_or(false);
        configuration.restrict_public_buckets = root.flag("RestrictPublicBuckets").value_or(false);
    };
    return read_document<PublicAccessBlockConfiguration>(body, "PublicAccessBlockConfiguration", read);
}

std::string print(const PublicAccessBlockConfiguration& configuration) {
    XmlWriter writer("PublicAccessBlockConfiguration");
    writer.element("BlockPublicAcls", configuration.block_public_acls);
    writer.element("IgnorePublicAcls", configuration.ignore_public_acls);
    writer.element("BlockPublicPolicy", configuration.block_public_policy);
    writer.element("RestrictPublicBuckets", configuration.restrict_public_buckets);
    return writer.finish();
}

std::string_view to_string(ObjectOwnership ownership) {
    switch (ownership) {
        case ObjectOwnership::bucket_owner_enforced:
            return "BucketOwnerEnforced";
        case ObjectOwnership::bucket_owner_preferred:
            return "BucketOwnerPreferred";
        case ObjectOwnership::object_writer:
            return "ObjectWriter";
    }
    std::unreachable();
}

Result<OwnershipControls> parse_ownership_controls(std::string_view body) {
    const auto read = [](Fields& root, OwnershipControls& controls) {
        root.need_inside("Rule", [&](Fields& rule) {
            using enum ObjectOwnership;
            controls.ownership =
                rule.need_word("ObjectOwnership", {bucket_owner_enforced, bucket_owner_preferred, object_writer});
        });
    };
    return read_document<OwnershipControls>(body, "OwnershipControls", read);
}

std::string print(const OwnershipControls& controls) {
    XmlWriter writer("OwnershipControls");
    writer.open("Rule");
    writer.element("ObjectOwnership", to_string(controls.ownership));
    return writer.finish();
}

std::string print_policy_status(bool is_public) {
    XmlWriter writer("PolicyStatus");
    // In lower case, whatever the documentation's example shows: AWS's SDKs take nothing else for true.
    writer.element("IsPublic", is_public ? "true" : "false");
    return writer.finish();
}

}  // namespace cloudshelf::s3
