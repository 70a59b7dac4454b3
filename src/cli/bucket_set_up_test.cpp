// Goal: what a plan says of a bucket is what S3 is told, in an order that S3 takes. Method: the documents are read by
// the reader that the service has.
#include "cli/bucket_set_up.hpp"

#include "wire/s3/policy.hpp"
#include "wire/s3/replication.hpp"
#include "wire/s3/versioning.hpp"
#include "wire/s3/website.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cloudshelf::cli {
namespace {

using objects_client::Subresource;

core::Bucket bucket() {
    return {
        .name = "assets",
        .region = RegionName("us-east-1"),
        .replica = "assets-dr",
        .replica_region = RegionName("us-west-2"),
        .rule = "crr",
        .role = "arn:aws:iam::ACCOUNT:role/replication",
        .prefix = "site/",
        .replica_storage_class = "STANDARD_IA",
        .replica_key = "arn:aws:kms:us-west-2:ACCOUNT:key/dr-key-id",
        .versioned = true,
        .replicate_delete_markers = true,
    };
}

TEST(BucketSetUp, replication_comes_when_both_have_versions) {
    const auto documents = documents_of(bucket(), IsSite::no);
    ASSERT_EQ(documents.size(), 3u);
    EXPECT_EQ(documents.back().subresource, Subresource::replication);
    EXPECT_EQ(documents.back().bucket, "assets");
    for (std::size_t i = 0; i < 2; ++i) {
        const auto versioning = s3::parse_versioning_configuration(documents[i].text);
        ASSERT_TRUE(versioning);
        EXPECT_EQ(versioning->status, s3::VersioningStatus::enabled);
    }
    EXPECT_NE(documents[0].region, documents[1].region);
}

TEST(BucketSetUp, the_rule_is_the_plans) {
    const auto documents = documents_of(bucket(), IsSite::no);
    const auto read = s3::parse_replication_configuration(documents.back().text);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->rules.size(), 1u);
    const std::string printed = s3::print(*read);
    for (const char* part :
         {"<ID>crr</ID>",
          "<Prefix>site/</Prefix>",
          "<Bucket>arn:aws:s3:::assets-dr</Bucket>",
          "<StorageClass>STANDARD_IA</StorageClass>",
          "key/dr-key-id</ReplicaKmsKeyID>",
          "<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>"})
        EXPECT_TRUE(printed.contains(part)) << part << " in " << printed;
    core::Bucket odd = bucket();
    odd.prefix = "a&b<c>/";
    const auto escaped = s3::parse_replication_configuration(documents_of(odd, IsSite::no).back().text);
    ASSERT_TRUE(escaped) << escaped.error().message;
    EXPECT_EQ(escaped->rules[0].filter.prefix, odd.prefix);
    core::Bucket plain = bucket();
    plain.replica_key.clear();
    plain.replica_storage_class.clear();
    plain.replicate_delete_markers = false;
    const auto simple = documents_of(plain, IsSite::no);
    const auto simple_read = s3::parse_replication_configuration(simple.back().text);
    ASSERT_TRUE(simple_read) << simple_read.error().message;
    EXPECT_FALSE(simple.back().text.contains("Kms"));
}

TEST(BucketSetUp, a_site_may_be_read_by_everybody_in_both_regions) {
    const auto documents = documents_of(bucket(), IsSite::yes);
    for (const char* name : {"assets", "assets-dr"}) {
        const auto of = [&](Subresource subresource) {
            return std::ranges::find_if(documents, [&](const BucketDocument& document) {
                return document.bucket == name && document.subresource == subresource;
            });
        };
        ASSERT_NE(of(Subresource::policy), documents.end()) << name;
        const auto policy = s3::parse_policy(of(Subresource::policy)->text, name);
        ASSERT_TRUE(policy) << policy.error().message;
        EXPECT_TRUE(s3::is_public(*policy));
        ASSERT_NE(of(Subresource::website), documents.end()) << name;
        EXPECT_TRUE(s3::parse_website_configuration(of(Subresource::website)->text));
    }
}

}  // namespace
}  // namespace cloudshelf::cli
