#include "region/objects/replication.hpp"

#include "region/objects/failure.hpp"
#include "region/objects/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cloudshelf::objects {
namespace {

using Kind = s3::ReplicatedChange::Kind;

Kind kind_of(const Version& version, Occasion occasion) {
    // Of a replica nothing but a change is ever sent, also once more.
    const bool may_be_change = occasion == Occasion::now || version.replica;
    if (may_be_change && version.changed != version.stamp) return Kind::metadata;
    return version.delete_marker ? Kind::delete_marker : Kind::object;
}

/// Whether a region is sent everything again. What it confirmed before says nothing until all of that is logged.
bool is_refilled(Service& service, const RegionName& region) {
    const auto record = service.log().view().get(service.storage().catalogue, refill_record(region));
    return !record || *record;
}

/// A change follows its version, and goes nowhere where that is not.
bool goes_to(const Version& version, const Destination& to) {
    return std::ranges::find(version.destinations, to.bucket, &Destination::bucket) != version.destinations.end();
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
    const bool is_change = version.changed != version.stamp;
    if (is_change && !version.replica) std::erase_if(chosen, [&](const auto& to) { return !goes_to(version, to); });
    if (chosen.empty()) return;
    Version sent = version;
    sent.destinations = std::move(chosen);
    version.logged = batch.append({
        .kind = std::string(is_change ? version_changed_kind : version_kind),
        .container = bucket.name,
        .payload = encode_version(sent),
    });
    if (!is_change || version.replica) version.destinations = std::move(sent.destinations);
}

std::string ready_record(BucketNumber bucket) {
    return fmt::format("ready/{}", bucket.value());
}

std::string refill_record(const RegionName& region) {
    return "refill/" + region.value();
}

std::string replication_status(Service& service, const KnownBucket& bucket, const Version& version) {
    const std::string_view completed = version.replica ? "REPLICA" : "COMPLETED";
    if (version.destinations.empty()) return version.replica ? "REPLICA" : "";
    const auto failed = has_failed(service, version_place(bucket.number, version.key, version.stamp));
    if (failed && *failed) return "FAILED";
    const auto& peers = service.options().peers;
    const bool everywhere = !peers.empty() && std::ranges::all_of(peers, [&](const Peer& peer) {
        return service.following(peer.region).settled >= version.logged && !is_refilled(service, peer.region);
    });
    return everywhere ? std::string(completed) : "PENDING";
}

}  // namespace cloudshelf::objects
