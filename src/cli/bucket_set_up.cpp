#include "cli/bucket_set_up.hpp"

#include "io/clock.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::cli {
namespace {

using objects_client::Subresource;

constexpr Duration limit = std::chrono::seconds(10);
constexpr std::string_view name_space = R"(xmlns="http://s3.amazonaws.com/doc/2006-03-01/")";

std::string versioning() {
    return fmt::format("<VersioningConfiguration {}><Status>Enabled</Status></VersioningConfiguration>", name_space);
}

std::string website() {
    return fmt::format(
        "<WebsiteConfiguration {}><IndexDocument><Suffix>index.html</Suffix></IndexDocument>"
        "<ErrorDocument><Key>404.html</Key></ErrorDocument></WebsiteConfiguration>",
        name_space
    );
}

/// Everybody may read what is in it.
std::string public_policy(const std::string& bucket) {
    return fmt::format(
        R"({{"Version":"2012-10-17","Statement":[{{"Sid":"PublicRead","Effect":"Allow","Principal":"*",)"
        R"("Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{}/*"]}}]}})",
        bucket
    );
}

std::string replication(const core::Bucket& bucket) {
    std::string encryption;
    if (!bucket.replica_key.empty()) {
        encryption = fmt::format(
            "<EncryptionConfiguration><ReplicaKmsKeyID>{}</ReplicaKmsKeyID></EncryptionConfiguration>",
            bucket.replica_key
        );
    }
    const std::string storage_class =
        bucket.replica_storage_class.empty()
            ? ""
            : fmt::format("<StorageClass>{}</StorageClass>", bucket.replica_storage_class);
    return fmt::format(
        "<ReplicationConfiguration {}><Role>{}</Role><Rule><ID>{}</ID><Priority>1</Priority>"
        "<Filter><Prefix>{}</Prefix></Filter><Status>Enabled</Status>{}"
        "<Destination><Bucket>arn:aws:s3:::{}</Bucket>{}{}</Destination>"
        "<DeleteMarkerReplication><Status>{}</Status></DeleteMarkerReplication></Rule></ReplicationConfiguration>",
        name_space,
        bucket.role,
        bucket.rule,
        bucket.prefix,
        bucket.replica_key.empty() ? ""
                                   : "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status>"
                                     "</SseKmsEncryptedObjects></SourceSelectionCriteria>",
        bucket.replica,
        storage_class,
        encryption,
        bucket.replicate_delete_markers ? "Enabled" : "Disabled"
    );
}

}  // namespace

std::vector<BucketDocument> documents_of(const core::Bucket& bucket, IsSite site) {
    std::vector<BucketDocument> documents;
    for (const auto& [name, region] :
         {std::pair(bucket.name, bucket.region), {bucket.replica, bucket.replica_region}}) {
        documents.push_back({name, region, Subresource::versioning, versioning()});
        if (site == IsSite::no) continue;
        documents.push_back({name, region, Subresource::website, website()});
        documents.push_back({name, region, Subresource::policy, public_policy(name)});
    }
    documents.push_back({bucket.name, bucket.region, Subresource::replication, replication(bucket)});
    return documents;
}

io::Task<Result<void>> set_up_buckets(
    std::map<RegionName, objects_client::Client*> clients,
    const core::Plan* plan,
    std::function<void(const std::string& line)> say
) {
    for (const auto& bucket : plan->buckets) {
        for (const auto& [name, region] :
             {std::pair(bucket.name, bucket.region), {bucket.replica, bucket.replica_region}}) {
            const auto client = clients.find(region);
            if (client == clients.end())
                co_return fail(
                    "buckets.no-region", fmt::format("{}: nothing says where its objects are", region.value())
                );
            const auto made = co_await client->second->create_bucket(name, io::Deadline::after(limit));
            if (!made && made.error().code != "BucketAlreadyOwnedByYou") co_return fail(made.error());
            say(fmt::format("bucket {} in {}", name, region.value()));
        }
        const bool is_site = plan->edge && plan->edge->bucket == bucket.name;
        for (auto& document : documents_of(bucket, is_site ? IsSite::yes : IsSite::no)) {
            objects_client::Client* client = clients.at(document.region);
            const auto set = co_await client->set_document(
                document.bucket, document.subresource, document.text, io::Deadline::after(limit)
            );
            if (!set) co_return fail(set.error());
        }
    }
    co_return Result<void>();
}

}  // namespace cloudshelf::cli
