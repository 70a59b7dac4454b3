#include "wire/s3/operation.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

enum class Copy : bool { no, yes };

struct Example {
    std::string_view method;
    std::string_view target;
    Copy copy;
    std::string_view name;
};

// clang-format off
constexpr Example examples[] = {
    {"DELETE", "/b/k?uploadId=1", Copy::no, "AbortMultipartUpload"},
    {"POST", "/b/k?uploadId=1", Copy::no, "CompleteMultipartUpload"},
    {"PUT", "/b/k", Copy::yes, "CopyObject"},
    {"PUT", "/b", Copy::no, "CreateBucket"},
    {"POST", "/b?metadataConfiguration", Copy::no, "CreateBucketMetadataConfiguration"},
    {"POST", "/b?metadataTable", Copy::no, "CreateBucketMetadataTableConfiguration"},
    {"POST", "/b/k?uploads", Copy::no, "CreateMultipartUpload"},
    {"GET", "/b?session", Copy::no, "CreateSession"},
    {"DELETE", "/b", Copy::no, "DeleteBucket"},
    {"DELETE", "/b?analytics&id=1", Copy::no, "DeleteBucketAnalyticsConfiguration"},
    {"DELETE", "/b?cors", Copy::no, "DeleteBucketCors"},
    {"DELETE", "/b?encryption", Copy::no, "DeleteBucketEncryption"},
    {"DELETE", "/b?intelligent-tiering&id=1", Copy::no, "DeleteBucketIntelligentTieringConfiguration"},
    {"DELETE", "/b?inventory&id=1", Copy::no, "DeleteBucketInventoryConfiguration"},
    {"DELETE", "/b?lifecycle", Copy::no, "DeleteBucketLifecycle"},
    {"DELETE", "/b?metadataConfiguration", Copy::no, "DeleteBucketMetadataConfiguration"},
    {"DELETE", "/b?metadataTable", Copy::no, "DeleteBucketMetadataTableConfiguration"},
    {"DELETE", "/b?metrics&id=1", Copy::no, "DeleteBucketMetricsConfiguration"},
    {"DELETE", "/b?ownershipControls", Copy::no, "DeleteBucketOwnershipControls"},
    {"DELETE", "/b?policy", Copy::no, "DeleteBucketPolicy"},
    {"DELETE", "/b?replication", Copy::no, "DeleteBucketReplication"},
    {"DELETE", "/b?tagging", Copy::no, "DeleteBucketTagging"},
    {"DELETE", "/b?website", Copy::no, "DeleteBucketWebsite"},
    {"DELETE", "/b/k", Copy::no, "DeleteObject"},
    {"DELETE", "/b/k?tagging", Copy::no, "DeleteObjectTagging"},
    {"POST", "/b?delete", Copy::no, "DeleteObjects"},
    {"DELETE", "/b?publicAccessBlock", Copy::no, "DeletePublicAccessBlock"},
    {"GET", "/b?abac", Copy::no, "GetBucketAbac"},
    {"GET", "/b?accelerate", Copy::no, "GetBucketAccelerateConfiguration"},
    {"GET", "/b?acl", Copy::no, "GetBucketAcl"},
    {"GET", "/b?analytics&id=1", Copy::no, "GetBucketAnalyticsConfiguration"},
    {"GET", "/b?cors", Copy::no, "GetBucketCors"},
    {"GET", "/b?encryption", Copy::no, "GetBucketEncryption"},
    {"GET", "/b?intelligent-tiering&id=1", Copy::no, "GetBucketIntelligentTieringConfiguration"},
    {"GET", "/b?inventory&id=1", Copy::no, "GetBucketInventoryConfiguration"},
    {"GET", "/b?lifecycle", Copy::no, "GetBucketLifecycleConfiguration"},
    {"GET", "/b?location", Copy::no, "GetBucketLocation"},
    {"GET", "/b?logging", Copy::no, "GetBucketLogging"},
    {"GET", "/b?metadataConfiguration", Copy::no, "GetBucketMetadataConfiguration"},
    {"GET", "/b?metadataTable", Copy::no, "GetBucketMetadataTableConfiguration"},
    {"GET", "/b?metrics&id=1", Copy::no, "GetBucketMetricsConfiguration"},
    {"GET", "/b?notification", Copy::no, "GetBucketNotificationConfiguration"},
    {"GET", "/b?ownershipControls", Copy::no, "GetBucketOwnershipControls"},
    {"GET", "/b?policy", Copy::no, "GetBucketPolicy"},
    {"GET", "/b?policyStatus", Copy::no, "GetBucketPolicyStatus"},
    {"GET", "/b?replication", Copy::no, "GetBucketReplication"},
    {"GET", "/b?requestPayment", Copy::no, "GetBucketRequestPayment"},
    {"GET", "/b?tagging", Copy::no, "GetBucketTagging"},
    {"GET", "/b?versioning", Copy::no, "GetBucketVersioning"},
    {"GET", "/b?website", Copy::no, "GetBucketWebsite"},
    {"GET", "/b/k", Copy::no, "GetObject"},
    {"GET", "/b/k?acl", Copy::no, "GetObjectAcl"},
    {"GET", "/b/k?attributes", Copy::no, "GetObjectAttributes"},
    {"GET", "/b/k?legal-hold", Copy::no, "GetObjectLegalHold"},
    {"GET", "/b?object-lock", Copy::no, "GetObjectLockConfiguration"},
    {"GET", "/b/k?retention", Copy::no, "GetObjectRetention"},
    {"GET", "/b/k?tagging", Copy::no, "GetObjectTagging"},
    {"GET", "/b/k?torrent", Copy::no, "GetObjectTorrent"},
    {"GET", "/b?publicAccessBlock", Copy::no, "GetPublicAccessBlock"},
    {"HEAD", "/b", Copy::no, "HeadBucket"},
    {"HEAD", "/b/k", Copy::no, "HeadObject"},
    {"GET", "/b?analytics", Copy::no, "ListBucketAnalyticsConfigurations"},
    {"GET", "/b?intelligent-tiering", Copy::no, "ListBucketIntelligentTieringConfigurations"},
    {"GET", "/b?inventory", Copy::no, "ListBucketInventoryConfigurations"},
    {"GET", "/b?metrics", Copy::no, "ListBucketMetricsConfigurations"},
    {"GET", "/", Copy::no, "ListBuckets"},
    {"GET", "/b?uploads", Copy::no, "ListMultipartUploads"},
    {"GET", "/b?versions", Copy::no, "ListObjectVersions"},
    {"GET", "/b", Copy::no, "ListObjects"},
    {"GET", "/b?list-type=2", Copy::no, "ListObjectsV2"},
    {"GET", "/b/k?uploadId=1", Copy::no, "ListParts"},
    {"PUT", "/b?abac", Copy::no, "PutBucketAbac"},
    {"PUT", "/b?accelerate", Copy::no, "PutBucketAccelerateConfiguration"},
    {"PUT", "/b?acl", Copy::no, "PutBucketAcl"},
    {"PUT", "/b?analytics&id=1", Copy::no, "PutBucketAnalyticsConfiguration"},
    {"PUT", "/b?cors", Copy::no, "PutBucketCors"},
    {"PUT", "/b?encryption", Copy::no, "PutBucketEncryption"},
    {"PUT", "/b?intelligent-tiering&id=1", Copy::no, "PutBucketIntelligentTieringConfiguration"},
    {"PUT", "/b?inventory&id=1", Copy::no, "PutBucketInventoryConfiguration"},
    {"PUT", "/b?lifecycle", Copy::no, "PutBucketLifecycleConfiguration"},
    {"PUT", "/b?logging", Copy::no, "PutBucketLogging"},
    {"PUT", "/b?metrics&id=1", Copy::no, "PutBucketMetricsConfiguration"},
    {"PUT", "/b?notification", Copy::no, "PutBucketNotificationConfiguration"},
    {"PUT", "/b?ownershipControls", Copy::no, "PutBucketOwnershipControls"},
    {"PUT", "/b?policy", Copy::no, "PutBucketPolicy"},
    {"PUT", "/b?replication", Copy::no, "PutBucketReplication"},
    {"PUT", "/b?requestPayment", Copy::no, "PutBucketRequestPayment"},
    {"PUT", "/b?tagging", Copy::no, "PutBucketTagging"},
    {"PUT", "/b?versioning", Copy::no, "PutBucketVersioning"},
    {"PUT", "/b?website", Copy::no, "PutBucketWebsite"},
    {"PUT", "/b/k", Copy::no, "PutObject"},
    {"PUT", "/b/k?acl", Copy::no, "PutObjectAcl"},
    {"PUT", "/b/k?legal-hold", Copy::no, "PutObjectLegalHold"},
    {"PUT", "/b?object-lock", Copy::no, "PutObjectLockConfiguration"},
    {"PUT", "/b/k?retention", Copy::no, "PutObjectRetention"},
    {"PUT", "/b/k?tagging", Copy::no, "PutObjectTagging"},
    {"PUT", "/b?publicAccessBlock", Copy::no, "PutPublicAccessBlock"},
    {"PUT", "/b/k?renameObject", Copy::no, "RenameObject"},
    {"POST", "/b/k?restore", Copy::no, "RestoreObject"},
    {"POST", "/b/k?select&select-type=2", Copy::no, "SelectObjectContent"},
    {"PUT", "/b?metadataInventoryTable", Copy::no, "UpdateBucketMetadataInventoryTableConfiguration"},
    {"PUT", "/b?metadataJournalTable", Copy::no, "UpdateBucketMetadataJournalTableConfiguration"},
    {"PUT", "/b/k?encryption", Copy::no, "UpdateObjectEncryption"},
    {"PUT", "/b/k?partNumber=1&uploadId=1", Copy::no, "UploadPart"},
    {"PUT", "/b/k?partNumber=1&uploadId=1", Copy::yes, "UploadPartCopy"},
    {"OPTIONS", "/b/k", Copy::no, "PreflightRequest"},
};
// clang-format on

std::string operation(std::string_view method, std::string_view of, const Pairs& headers = {}) {
    const auto target = parse_target("", of, {});
    if (!target) return target.error().code;
    const auto name = operation_name(method, *target, headers);
    return name ? std::string(*name) : name.error().code;
}

// Goal: every operation of S3's API is told from the others. Method: one request of each, as SDKs send it.
TEST(Operation, EachHasItsName) {
    const Pairs copy{{"X-Amz-Copy-Source", "/b/k"}};
    for (const Example& each : examples) {
        EXPECT_EQ(operation(each.method, each.target, each.copy == Copy::yes ? copy : Pairs{}), each.name)
            << each.method << " " << each.target;
    }
}

TEST(Operation, MeaninglessParametersChangeNothing) {
    EXPECT_EQ(operation("GET", "/?x-id=ListBuckets&acl"), "ListBuckets");
    EXPECT_EQ(operation("GET", "/b?prefix=acl&X-Acl&ACL"), "ListObjects");
    EXPECT_EQ(operation("GET", "/b?acl&acl"), "GetBucketAcl");
    EXPECT_EQ(operation("GET", "/b/k?versionId=1&partNumber=2&response-expires=x"), "GetObject");
    EXPECT_EQ(operation("PUT", "/b/k?x-id=PutObject"), "PutObject");
    EXPECT_EQ(operation("GET", "/b?inventory&id=1"), "GetBucketInventoryConfiguration");
    EXPECT_EQ(operation("DELETE", "/b/k?tagging&versionId=1"), "DeleteObjectTagging");
    EXPECT_EQ(operation("GET", "/b/?list-type=2&prefix=x"), "ListObjectsV2");
    EXPECT_EQ(operation("POST", "/b", {{"Content-Type", "Multipart/Form-Data; boundary=x"}}), "PostObject");
}

TEST(Operation, WhatIsNotAllowed) {
    for (const auto& [method, target] : Pairs{
             {"PUT", "/"},
             {"HEAD", "/"},
             {"POST", "/b/k"},
             {"PATCH", "/b"},
             {"PATCH", "/b/k"},
             {"get", "/b/k"},
             {"DELETE", "/b?location"},
             {"POST", "/b?acl"},
             {"HEAD", "/b/k?acl"},
             {"GET", "/b?torrent"},
             {"GET", "/b/k?versioning"},
             {"DELETE", "/b?delete"},
             {"PUT", "/b/k?uploads"},
             {"POST", "/b?uploads"},
             {"PUT", "/b?restore"},
         }) {
        EXPECT_EQ(operation(method, target), "MethodNotAllowed") << method << " " << target;
    }
    EXPECT_EQ(operation("POST", "/b"), "PreconditionFailed");
    EXPECT_EQ(operation("POST", "/b", {{"Content-Type", "text/plain"}}), "PreconditionFailed");
}

TEST(Operation, Contradictions) {
    EXPECT_EQ(operation("GET", "/b?acl&policy"), "InvalidArgument");
    EXPECT_EQ(operation("PUT", "/b/k?tagging&uploadId=1&partNumber=1"), "InvalidArgument");
    EXPECT_EQ(operation("POST", "/b/k?uploads&uploadId=1"), "InvalidArgument");
    // Half of a part's coordinates must not overwrite the object.
    EXPECT_EQ(operation("PUT", "/b/k?uploadId=1"), "InvalidArgument");
    EXPECT_EQ(operation("PUT", "/b/k?partNumber=1"), "InvalidArgument");
    EXPECT_EQ(operation("GET", "/b?list-type=3"), "InvalidArgument");
    const auto target = parse_target("", "/b?acl&policy", {});
    EXPECT_EQ(operation_name("GET", *target, {}).error().message, "Conflicting query string parameters: acl, policy");
}

}  // namespace
}  // namespace cloudshelf::s3
