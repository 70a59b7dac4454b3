#include "region/objects/replication.hpp"

namespace cloudshelf::objects {

void log_for_replication(changelog::Batch& batch, const KnownBucket& bucket, Version& version) {
    if (version.replica || version.destinations.empty()) return;
    version.logged = batch.append(
        {.kind = std::string(version_kind), .container = bucket.name, .payload = encode_version(version)}
    );
}

std::string replication_status(Service&, const KnownBucket&, const Version& version) {
    return version.replica ? "REPLICA" : "";
}

}  // namespace cloudshelf::objects
