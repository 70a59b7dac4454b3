#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/operation.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace cloudshelf::objects {

/// Makes `next` of `current`, which it is a copy of. Runs within a decision.
using BucketEdit = std::function<Result<void>(const KnownBucket& current, Bucket& next)>;

/// Changes the call's bucket. Errors: NoSuchBucket, the edit's own, those of Buckets::change.
io::Task<Result<void>> change_bucket(Call call, BucketEdit edit);

}  // namespace cloudshelf::objects
