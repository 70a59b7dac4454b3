// Put…, Get…, Delete… of a bucket's documents that only have to be kept: tags, encryption, CORS, website, lifecycle,
// replication, blocked public access, ownership. What they do is done where it is done.
#include "region/objects/acl.hpp"
#include "region/objects/bucket_change.hpp"
#include "region/objects/documents.hpp"
#include "region/objects/settings_operations.hpp"
#include "wire/s3/errors.hpp"

#include <array>

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;

struct Kind {
    std::string_view document;
    std::string_view put, get, remove;  // names of operations
    std::string_view put_action, get_action, remove_action;
    int put_status = 200;
    /// The document as it is kept. Errors: those of its parser.
    Result<std::string> (*read)(std::string_view body) = nullptr;
    /// Whether this bucket may have it, within the decision; null: any may.
    Result<void> (*check)(const KnownBucket& bucket, const std::string& text) = nullptr;
    std::string_view missing = {};  // the error where the bucket has none; empty: none is the usual one
};

template <auto parse>
Result<std::string> normal(std::string_view body) {
    const auto document = parse(body);
    if (!document) return fail(document.error());
    return s3::print(*document);
}

Result<s3::Tagging> parse_bucket_tags(std::string_view body) {
    return s3::parse_tagging(body, s3::bucket_tags_max);
}

Result<void> check_replication(const KnownBucket& bucket, const std::string&) {
    if (bucket.versioning == Versioning::enabled) return {};
    return fail(
        errors::invalid_request("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
    );
}

/// Lists that nobody looks at any more must not seem to give something.
Result<void> check_ownership(const KnownBucket& bucket, const std::string& text) {
    const auto controls = s3::parse_ownership_controls(text);
    if (!controls) return fail(controls.error());
    if (controls->ownership != s3::ObjectOwnership::bucket_owner_enforced || !bucket.settings.acl) return {};
    const s3::AccessControlPolicy usual = canned_acl_of("", {.object = bucket.owner, .bucket = bucket.owner});
    if (bucket.settings.acl->grants == usual.grants) return {};
    return fail(errors::invalid_bucket_acl_with_object_ownership());
}

constexpr auto kinds = std::to_array<Kind>({
    {.document = document::tagging,
     .put = "PutBucketTagging",
     .get = "GetBucketTagging",
     .remove = "DeleteBucketTagging",
     .put_action = "s3:PutBucketTagging",
     .get_action = "s3:GetBucketTagging",
     .remove_action = "s3:PutBucketTagging",
     .put_status = 204,
     .read = normal<parse_bucket_tags>,
     .missing = "NoSuchTagSet"},
    {.document = document::encryption,
     .put = "PutBucketEncryption",
     .get = "GetBucketEncryption",
     .remove = "DeleteBucketEncryption",
     .put_action = "s3:PutEncryptionConfiguration",
     .get_action = "s3:GetEncryptionConfiguration",
     .remove_action = "s3:PutEncryptionConfiguration",
     .read = normal<s3::parse_server_side_encryption_configuration>},
    {.document = document::cors,
     .put = "PutBucketCors",
     .get = "GetBucketCors",
     .remove = "DeleteBucketCors",
     .put_action = "s3:PutBucketCORS",
     .get_action = "s3:GetBucketCORS",
     .remove_action = "s3:PutBucketCORS",
     .read = normal<s3::parse_cors_configuration>,
     .missing = "NoSuchCORSConfiguration"},
    {.document = document::website,
     .put = "PutBucketWebsite",
     .get = "GetBucketWebsite",
     .remove = "DeleteBucketWebsite",
     .put_action = "s3:PutBucketWebsite",
     .get_action = "s3:GetBucketWebsite",
     .remove_action = "s3:DeleteBucketWebsite",
     .read = normal<s3::parse_website_configuration>,
     .missing = "NoSuchWebsiteConfiguration"},
    {.document = document::lifecycle,
     .put = "PutBucketLifecycleConfiguration",
     .get = "GetBucketLifecycleConfiguration",
     .remove = "DeleteBucketLifecycle",
     .put_action = "s3:PutLifecycleConfiguration",
     .get_action = "s3:GetLifecycleConfiguration",
     .remove_action = "s3:PutLifecycleConfiguration",
     .read = normal<s3::parse_lifecycle_configuration>,
     .missing = "NoSuchLifecycleConfiguration"},
    {.document = document::replication,
     .put = "PutBucketReplication",
     .get = "GetBucketReplication",
     .remove = "DeleteBucketReplication",
     .put_action = "s3:PutReplicationConfiguration",
     .get_action = "s3:GetReplicationConfiguration",
     .remove_action = "s3:PutReplicationConfiguration",
     .read = normal<s3::parse_replication_configuration>,
     .check = check_replication,
     .missing = "ReplicationConfigurationNotFoundError"},
    {.document = document::public_access,
     .put = "PutPublicAccessBlock",
     .get = "GetPublicAccessBlock",
     .remove = "DeletePublicAccessBlock",
     .put_action = "s3:PutBucketPublicAccessBlock",
     .get_action = "s3:GetBucketPublicAccessBlock",
     .remove_action = "s3:PutBucketPublicAccessBlock",
     .read = normal<s3::parse_public_access_block_configuration>,
     .missing = "NoSuchPublicAccessBlockConfiguration"},
    {.document = document::ownership,
     .put = "PutBucketOwnershipControls",
     .get = "GetBucketOwnershipControls",
     .remove = "DeleteBucketOwnershipControls",
     .put_action = "s3:PutBucketOwnershipControls",
     .get_action = "s3:GetBucketOwnershipControls",
     .remove_action = "s3:PutBucketOwnershipControls",
     .read = normal<s3::parse_ownership_controls>,
     .check = check_ownership,
     .missing = "OwnershipControlsNotFoundError"},
});

io::Task<Answer> put_document(Call call, const Kind* kind) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    const auto text = kind->read(call.request.body);
    if (!text) co_return std::unexpected(text.error());
    BucketEdit edit = [&](const KnownBucket& current, Bucket& next) -> Result<void> {
        if (kind->check != nullptr) {
            if (auto checked = kind->check(current, *text); !checked) return checked;
        }
        next.documents[std::string(kind->document)] = *text;
        return {};
    };
    const auto changed = co_await change_bucket(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer(kind->put_status);
}

io::Task<Answer> get_document(Call call, const Kind* kind) {
    const std::string_view text = call.bucket->document(kind->document);
    if (!text.empty()) co_return xml_answer(std::string(text));
    if (!kind->missing.empty()) co_return std::unexpected(errors::named(kind->missing));
    // Everything is encrypted, also where nobody asked for it.
    co_return xml_answer(s3::print(s3::ServerSideEncryptionConfiguration{}));
}

io::Task<Answer> delete_document(Call call, const Kind* kind) {
    BucketEdit edit = [kind](const KnownBucket&, Bucket& next) -> Result<void> {
        next.documents.erase(std::string(kind->document));
        return {};
    };
    const auto changed = co_await change_bucket(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer(204);
}

}  // namespace

void add_document_operations(Operations& to) {
    using enum sigv4::Permission;
    for (const Kind& kind : kinds) {
        to[std::string(kind.put)] = {
            .action = std::string(kind.put_action),
            .permission = admin,
            .handler = [&kind](Call call) { return put_document(call, &kind); },
        };
        to[std::string(kind.get)] = {
            .action = std::string(kind.get_action),
            .handler = [&kind](Call call) { return get_document(call, &kind); },
        };
        to[std::string(kind.remove)] = {
            .action = std::string(kind.remove_action),
            .permission = admin,
            .handler = [&kind](Call call) { return delete_document(call, &kind); },
        };
    }
}

}  // namespace cloudshelf::objects
