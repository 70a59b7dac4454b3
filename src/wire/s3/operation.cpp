#include "wire/s3/operation.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace cloudshelf::s3 {
namespace {

/// What the methods mean for a subresource; an empty name: not allowed.
struct Subresource {
    std::string_view name;
    std::string_view get;
    std::string_view put;
    std::string_view post;
    std::string_view remove;
};

// clang-format off
constexpr std::array of_buckets = std::to_array<Subresource>({
    {"abac", "GetBucketAbac", "PutBucketAbac", {}, {}},
    {"accelerate", "GetBucketAccelerateConfiguration", "PutBucketAccelerateConfiguration", {}, {}},
    {"acl", "GetBucketAcl", "PutBucketAcl", {}, {}},
    {"analytics", "GetBucketAnalyticsConfiguration", "PutBucketAnalyticsConfiguration", {}, "DeleteBucketAnalyticsConfiguration"},
    {"cors", "GetBucketCors", "PutBucketCors", {}, "DeleteBucketCors"},
    {"delete", {}, {}, "DeleteObjects", {}},
    {"encryption", "GetBucketEncryption", "PutBucketEncryption", {}, "DeleteBucketEncryption"},
    {"intelligent-tiering", "GetBucketIntelligentTieringConfiguration", "PutBucketIntelligentTieringConfiguration", {}, "DeleteBucketIntelligentTieringConfiguration"},
    {"inventory", "GetBucketInventoryConfiguration", "PutBucketInventoryConfiguration", {}, "DeleteBucketInventoryConfiguration"},
    {"lifecycle", "GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", {}, "DeleteBucketLifecycle"},
    {"location", "GetBucketLocation", {}, {}, {}},
    {"logging", "GetBucketLogging", "PutBucketLogging", {}, {}},
    {"metadataConfiguration", "GetBucketMetadataConfiguration", {}, "CreateBucketMetadataConfiguration", "DeleteBucketMetadataConfiguration"},
    {"metadataInventoryTable", {}, "UpdateBucketMetadataInventoryTableConfiguration", {}, {}},
    {"metadataJournalTable", {}, "UpdateBucketMetadataJournalTableConfiguration", {}, {}},
    {"metadataTable", "GetBucketMetadataTableConfiguration", {}, "CreateBucketMetadataTableConfiguration", "DeleteBucketMetadataTableConfiguration"},
    {"metrics", "GetBucketMetricsConfiguration", "PutBucketMetricsConfiguration", {}, "DeleteBucketMetricsConfiguration"},
    {"notification", "GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration", {}, {}},
    {"object-lock", "GetObjectLockConfiguration", "PutObjectLockConfiguration", {}, {}},
    {"ownershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls", {}, "DeleteBucketOwnershipControls"},
    {"policy", "GetBucketPolicy", "PutBucketPolicy", {}, "DeleteBucketPolicy"},
    {"policyStatus", "GetBucketPolicyStatus", {}, {}, {}},
    {"publicAccessBlock", "GetPublicAccessBlock", "PutPublicAccessBlock", {}, "DeletePublicAccessBlock"},
    {"replication", "GetBucketReplication", "PutBucketReplication", {}, "DeleteBucketReplication"},
    {"requestPayment", "GetBucketRequestPayment", "PutBucketRequestPayment", {}, {}},
    {"session", "CreateSession", {}, {}, {}},
    {"tagging", "GetBucketTagging", "PutBucketTagging", {}, "DeleteBucketTagging"},
    {"uploads", "ListMultipartUploads", {}, {}, {}},
    {"versioning", "GetBucketVersioning", "PutBucketVersioning", {}, {}},
    {"versions", "ListObjectVersions", {}, {}, {}},
    {"website", "GetBucketWebsite", "PutBucketWebsite", {}, "DeleteBucketWebsite"},
});

constexpr std::array of_objects = std::to_array<Subresource>({
    {"acl", "GetObjectAcl", "PutObjectAcl", {}, {}},
    {"attributes", "GetObjectAttributes", {}, {}, {}},
    {"encryption", {}, "UpdateObjectEncryption", {}, {}},
    {"legal-hold", "GetObjectLegalHold", "PutObjectLegalHold", {}, {}},
    {"renameObject", {}, "RenameObject", {}, {}},
    {"restore", {}, {}, "RestoreObject", {}},
    {"retention", "GetObjectRetention", "PutObjectRetention", {}, {}},
    {"select", {}, {}, "SelectObjectContent", {}},
    {"tagging", "GetObjectTagging", "PutObjectTagging", {}, "DeleteObjectTagging"},
    {"torrent", "GetObjectTorrent", {}, {}, {}},
    {"uploadId", "ListParts", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"},
    {"uploads", {}, {}, "CreateMultipartUpload", {}},
});

// With an id they are of one configuration, without of all.
constexpr std::array lists_of_configurations = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"analytics", "ListBucketAnalyticsConfigurations"},
    {"intelligent-tiering", "ListBucketIntelligentTieringConfigurations"},
    {"inventory", "ListBucketInventoryConfigurations"},
    {"metrics", "ListBucketMetricsConfigurations"},
});
// clang-format on

const Subresource* find(std::span<const Subresource> among, std::string_view name) {
    const auto found = std::ranges::find(among, name, &Subresource::name);
    return found == among.end() ? nullptr : &*found;
}

bool is_subresource(std::string_view name) {
    return find(of_buckets, name) != nullptr || find(of_objects, name) != nullptr;
}

/// The one that the query names, or an empty text.
Result<std::string_view> subresource_of(const QueryParameters& query) {
    std::string_view found;
    for (const auto& [name, value] : query.all()) {
        if (!is_subresource(name) || name == found) continue;
        if (!found.empty()) {
            return fail(
                errors::invalid_argument("Conflicting query string parameters: " + std::string(found) + ", " + name)
            );
        }
        found = name;
    }
    return found;
}

Result<std::string_view> allowed(std::string_view name) {
    if (name.empty()) return fail(errors::method_not_allowed());
    return name;
}

Result<std::string_view> by_method(const Subresource* subresource, std::string_view method) {
    if (subresource == nullptr) return fail(errors::method_not_allowed());
    if (method == "GET") return allowed(subresource->get);
    if (method == "PUT") return allowed(subresource->put);
    if (method == "POST") return allowed(subresource->post);
    if (method == "DELETE") return allowed(subresource->remove);
    return fail(errors::method_not_allowed());
}

Result<std::string_view> of_service(std::string_view method) {
    return allowed(method == "GET" ? "ListBuckets" : "");
}

Result<std::string_view> listing(const QueryParameters& query) {
    const auto type = query.get("list-type");
    if (!type) return "ListObjects";
    if (*type == "2") return "ListObjectsV2";
    return fail(errors::invalid_argument("Invalid List Type specified in Request"));
}

Result<std::string_view> of_bucket(std::string_view method, const QueryParameters& query, HeaderList headers) {
    if (method == "GET") return listing(query);
    if (method == "HEAD") return "HeadBucket";
    if (method == "PUT") return "CreateBucket";
    if (method == "DELETE") return "DeleteBucket";
    if (method != "POST") return fail(errors::method_not_allowed());
    const std::string_view type = header_or_empty(headers, "content-type");
    if (!text::starts_with_ignoring_case(type, "multipart/form-data")) return fail(errors::post_without_form());
    return "PostObject";
}

Result<std::string_view> of_object(std::string_view method, HeaderList headers) {
    if (method == "GET") return "GetObject";
    if (method == "HEAD") return "HeadObject";
    if (method == "DELETE") return "DeleteObject";
    if (method != "PUT") return fail(errors::method_not_allowed());
    return find_header(headers, "x-amz-copy-source") ? "CopyObject" : "PutObject";
}

/// A PUT of a part needs both its coordinates; with one alone it must not become something else.
Result<std::string_view> of_part(const QueryParameters& query, HeaderList headers) {
    if (!query.has("uploadId") || !query.has("partNumber")) {
        return fail(errors::invalid_argument("A part is uploaded with both partNumber and uploadId"));
    }
    return find_header(headers, "x-amz-copy-source") ? "UploadPartCopy" : "UploadPart";
}

}  // namespace

Result<std::string_view> operation_name(std::string_view method, const Target& target, HeaderList headers) {
    const QueryParameters& query = target.query;
    if (method == "OPTIONS") return "PreflightRequest";
    if (target.of_service()) return of_service(method);
    const auto subresource = subresource_of(query);
    if (!subresource) return subresource;
    if (target.of_object() && method == "PUT" && (*subresource == "uploadId" || query.has("partNumber"))) {
        if (subresource->empty() || *subresource == "uploadId") return of_part(query, headers);
    }
    if (subresource->empty()) {
        return target.of_object() ? of_object(method, headers) : of_bucket(method, query, headers);
    }
    if (target.of_object()) return by_method(find(of_objects, *subresource), method);
    if (method == "GET" && !query.has("id")) {
        const auto* const all =
            std::ranges::find(lists_of_configurations, *subresource, [](const auto& each) { return each.first; });
        if (all != lists_of_configurations.end()) return all->second;
    }
    return by_method(find(of_buckets, *subresource), method);
}

}  // namespace cloudshelf::s3
