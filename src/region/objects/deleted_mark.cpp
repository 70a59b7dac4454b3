#include "region/objects/deleted_mark.hpp"

namespace cloudshelf::objects {
namespace {

/// In "catalogue": beside the bucket's versions, under no key's place.
std::string deleted_place(BucketNumber bucket, std::string_view key, const core::HybridStamp& stamp) {
    return "deleted/" + version_place(bucket, key, stamp);
}

}  // namespace

void remember_deleted(changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version) {
    if (version.replica) batch.put(storage.catalogue, deleted_place(bucket, version.key, version.stamp), "");
}

Result<bool> was_deleted(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, const Version& version
) {
    const auto found = view.get(storage.catalogue, deleted_place(bucket, version.key, version.stamp));
    if (!found) return fail(found.error());
    return found->has_value();
}

}  // namespace cloudshelf::objects
