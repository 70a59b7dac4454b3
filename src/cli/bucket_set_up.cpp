#include "cli/bucket_set_up.hpp"

#include "io/clock.hpp"
#include "wire/s3/replication.hpp"
#include "wire/s3/versioning.hpp"
#include "wire/s3/website.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::cli {
namespace {

using objects_client::Subresource;

constexpr Duration limit = std::chrono::seconds(10);
std::string versioning() {
    return s3::print(s3::VersioningConfiguration{.status = s3::VersioningStatus::enabled});
}

std::string website() {
    return s3::print(s3::WebsiteConfiguration{.index_suffix = "index.html", .error_key = "404.html"});
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
    s3::ReplicationRule rule{
        .id = bucket.rule,
        .enabled = true,
        .priority = 1,
        .filter = {.prefix = bucket.prefix},
        .delete_markers = bucket.replicate_delete_markers,
        .destination = {.bucket_arn = "arn:aws:s3:::" + bucket.replica, .storage_class = bucket.replica_storage_class},
    };
    if (!bucket.replica_key.empty()) {
        rule.kms_encrypted = true;
        rule.destination.replica_kms_key_id = bucket.replica_key;
    }
    return s3::print(s3::ReplicationConfiguration{.role = bucket.role, .rules = {std::move(rule)}});
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
