#pragma once

#include "base/result.hpp"
#include "region/log/batch.hpp"
#include "region/objects/storage.hpp"
#include "region/objects/version.hpp"

#include <optional>
#include <string_view>
#include <vector>

/// Versions in storage, one key at a time. Everything that belongs to a version (the newest one's copy in "data", its
/// references, its place in "nulls", what is kept of its failures) is changed here and nowhere else.
namespace cloudshelf::objects {

/// Contents that lost a reference, to be collected once the batch is durable.
using Freed = std::vector<contents::ContentName>;

/// The newest version of a key, which may be a delete marker. Nothing: there is none. Errors: those of View::get,
/// "objects.bad-record".
Result<std::optional<Version>> newest_version(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, std::string_view key
);
/// The version of that id; nothing: there is none.
Result<std::optional<Version>> find_version(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, std::string_view key, std::string_view id
);
/// Whether a key, or a bucket, has any version or any upload under way.
Result<bool> is_empty(const changelog::View& view, const Storage& storage, BucketNumber bucket);

/// Within a decision: a version that is not there yet. One with the id "null" takes the place of the one before.
Result<void> add_version(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version, Freed& freed
);
/// Within a decision: a version that is there, with other tags, lock, access or place in the log.
Result<void> change_version(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version
);
/// Within a decision: a version that is there goes, and what it referred to is free.
Result<void> remove_version(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version, Freed& freed
);

}  // namespace cloudshelf::objects
