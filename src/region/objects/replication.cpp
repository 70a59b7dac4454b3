#include "region/objects/replication.hpp"

#include "region/objects/failure.hpp"
#include "region/objects/service.hpp"

#include <algorithm>
#include <map>

namespace cloudshelf::objects {
namespace {

using Kind = s3::ReplicatedChange::Kind;

Kind kind_of(const Version& version, Occasion occasion) {
    if (occasion == Occasion::now && version.changed != version.stamp) return Kind::metadata;
    return version.delete_marker ? Kind::delete_marker : Kind::object;
}

/// Whether what the regions said amounts to a failure. A bucket's region is nobody's knowledge but its own: that it is
/// not found is a failure only when every region says so.
Result<bool> has_failed(Service& service, const std::string& place) {
    bool failed = false;
    std::map<std::string, std::size_t> not_found;  // regions, by destination
    const auto visit = [&](std::string_view, const Failure& failure) {
        const bool final =
            failure.code != "DstBucketNotFound" || ++not_found[failure.destination] >= service.options().peers.size();
        failed = failed || final;
        return !failed;
    };
    const auto read = each_failure(service.log().view(), service.storage(), place, {}, visit);
    if (!read) return fail(read.error());
    return failed;
}

}  // namespace

std::vector<Destination> chosen_destinations(const KnownBucket& bucket, const Version& version, Occasion occasion) {
    const auto& rules = bucket.settings.replication;
    if (!rules || bucket.versioning != Versioning::enabled) return {};
    s3::ReplicatedChange change{
        .kind = kind_of(version, occasion),
        .key = version.key,
        .replica = version.replica,
        .kms_encrypted = version.encryption == "aws:kms",
        .existed_before = occasion == Occasion::existed,
    };
    for (const auto& [key, value] : version.tags) change.tags.push_back({.key = key, .value = value});
    std::vector<Destination> chosen;
    for (const auto* rule : s3::destinations_for(*rules, change)) {
        const auto& to = rule->destination;
        chosen.push_back(
            {.bucket = std::string(to.bucket()), .storage_class = to.storage_class, .key_id = to.replica_kms_key_id}
        );
    }
    return chosen;
}

void log_for_replication(changelog::Batch& batch, const KnownBucket& bucket, Version& version) {
    auto chosen = chosen_destinations(bucket, version, Occasion::now);
    if (chosen.empty()) return;
    version.destinations = std::move(chosen);
    const bool is_change = version.changed != version.stamp;
    version.logged = batch.append({
        .kind = std::string(is_change ? version_changed_kind : version_kind),
        .container = bucket.name,
        .payload = encode_version(version),
    });
}

std::string replication_status(Service& service, const KnownBucket& bucket, const Version& version) {
    const std::string_view completed = version.replica ? "REPLICA" : "COMPLETED";
    if (version.destinations.empty()) return version.replica ? "REPLICA" : "";
    const auto failed = has_failed(service, version_place(bucket.number, version.key, version.stamp));
    if (failed && *failed) return "FAILED";
    const auto& peers = service.options().peers;
    const bool everywhere = !peers.empty() && std::ranges::all_of(peers, [&](const Peer& peer) {
        return service.following(peer.region).settled >= version.logged;
    });
    return everywhere ? std::string(completed) : "PENDING";
}

}  // namespace cloudshelf::objects
