#pragma once

#include "base/result.hpp"
#include "core/object_lock.hpp"
#include "io/task.hpp"
#include "region/objects/operation.hpp"

#include <optional>
#include <string>
#include <vector>

/// How objects go: by DeleteObject and DeleteObjects alike.
namespace cloudshelf::objects {

struct Deletion {
    std::string key;
    std::optional<std::string> version_id;  // absent: the object, which gets a delete marker where it has versions
    std::optional<std::string> etag;        // without quotes: only if it is this one
    core::BypassGovernance bypass = core::BypassGovernance::no;
};

struct Deleted {
    std::optional<std::string> version_id;  // of what was deleted for good, or of the marker that was made
    bool delete_marker = false;             // what was made, or deleted, is one
    std::optional<Error> refused;           // and nothing of this one happened
};

/// Within a decision: a version for good, with all that is kept of it; a replica does not come again. Whether it may be
/// deleted is the caller's to ask. Errors: those of remove_version.
Result<void> delete_for_good(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version, Freed& freed
);

/// Deletes all of these of the call's bucket in one change; what is refused of one does not stop the others. What is
/// not there counts as deleted. Errors: NoSuchBucket, those of ChangeLog::write.
io::Task<Result<std::vector<Deleted>>> delete_versions(Call call, std::vector<Deletion> deletions);

}  // namespace cloudshelf::objects
