#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/version.hpp"

#include <expected>
#include <functional>

/// How what may change of a version (tags, lock, access) changes.
namespace cloudshelf::objects {

/// Runs within a decision. `now_ms`: since 1970, the decision's.
using VersionEdit = std::function<Result<void>(const KnownBucket& bucket, Version& version, std::int64_t now_ms)>;

/// Changes the version that the request is about: that of `versionId`, or the newest. The change has its moment in
/// Version::changed, and is replicated where the version is. Answers the version as it is then. Errors: NoSuchBucket,
/// NoSuchKey, NoSuchVersion, InvalidArgument, MethodNotAllowed for a delete marker, the edit's own, those of
/// ChangeLog::write. Permission is the caller's to ask for.
io::Task<std::expected<Version, Refusal>> change_asked_version(Call call, VersionEdit edit);

}  // namespace cloudshelf::objects
