#pragma once

#include "base/result.hpp"
#include "region/log/batch.hpp"
#include "region/objects/storage.hpp"
#include "region/objects/version.hpp"

/// What stays of a replica that was deleted for good: its stamp, so that it does not come again.
namespace cloudshelf::objects {

/// Within a decision: that version is deleted. Nothing is kept of one that is no replica: nobody sends it.
void remember_deleted(changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version);
/// Errors: those of View::get.
Result<bool> was_deleted(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, const Version& version
);

}  // namespace cloudshelf::objects
