#include "region/objects/settings.hpp"

namespace cloudshelf::objects {
namespace {

/// Reads one document where the bucket has it.
template <class Document, class Parse>
Result<void> read(const Bucket& bucket, std::string_view name, Parse parse, std::optional<Document>& to) {
    const auto text = bucket.document(name);
    if (text.empty()) return {};
    auto parsed = parse(text);
    if (!parsed) return fail(parsed.error());
    to = std::move(*parsed);
    return {};
}

}  // namespace

Result<Settings> read_settings(const Bucket& bucket) {
    const auto parse_tags = [](std::string_view text) { return s3::parse_tagging(text, s3::bucket_tags_max); };
    const auto parse_policy = [&bucket](std::string_view text) { return s3::parse_policy(text, bucket.name); };
    Settings settings;
    for (const auto& done : {
             read(bucket, document::encryption, s3::parse_server_side_encryption_configuration, settings.encryption),
             read(bucket, document::object_lock, s3::parse_object_lock_configuration, settings.object_lock),
             read(bucket, document::tagging, parse_tags, settings.tagging),
             read(bucket, document::cors, s3::parse_cors_configuration, settings.cors),
             read(bucket, document::website, s3::parse_website_configuration, settings.website),
             read(bucket, document::lifecycle, s3::parse_lifecycle_configuration, settings.lifecycle),
             read(bucket, document::replication, s3::parse_replication_configuration, settings.replication),
             read(bucket, document::public_access, s3::parse_public_access_block_configuration, settings.public_access),
             read(bucket, document::ownership, s3::parse_ownership_controls, settings.ownership),
             read(bucket, document::acl, s3::parse_access_control_policy, settings.acl),
             read(bucket, document::policy, parse_policy, settings.policy),
         }) {
        if (!done) return fail(done.error());
    }
    return settings;
}

}  // namespace cloudshelf::objects
