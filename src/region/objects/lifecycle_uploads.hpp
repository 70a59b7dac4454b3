#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/service.hpp"

#include <cstdint>

namespace cloudshelf::objects {

/// Aborts this bucket's multipart uploads that have been under way for too long. Answers how many. Errors: those of
/// View::scan and ChangeLog::write.
io::Task<Result<std::uint64_t>> abort_due_uploads(Service& service, KnownBucketPtr bucket);

}  // namespace cloudshelf::objects
