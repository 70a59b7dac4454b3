#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/service.hpp"

#include <cstdint>

/// Lifecycle rules at work (Amazon S3 User Guide, "Managing the lifecycle of objects"): expiration of current and of
/// noncurrent versions, delete markers that are all there is, uploads that nobody completed, transitions (which change
/// a version's storage class and nothing else). What is due is looked for page by page, off the loop, and looked at
/// once more in the decision that does it. A version that a lock keeps stays; one that has to be replicated waits until
/// it is. What lifecycle does is not replicated itself, as with S3.
namespace cloudshelf::objects {

struct LifecycleCounts {
    std::uint64_t expired = 0;  // current versions
    std::uint64_t removed = 0;  // noncurrent ones
    std::uint64_t markers = 0;
    std::uint64_t transitions = 0;
    std::uint64_t uploads = 0;
    bool operator==(const LifecycleCounts&) const = default;
};

/// How long a day of the rules is.
std::int64_t day_seconds_of(const Service& service);

/// A round over all buckets each 24th of a day, at the most once a second, until the service stops.
io::Task<void> run_lifecycle(Service& service);

/// One round. Errors: those of View::scan and ChangeLog::write.
io::Task<Result<LifecycleCounts>> lifecycle_once(Service& service);

/// x-amz-expiration, where a rule says when the version is going to expire.
void append_expiration_header(
    io::Headers& to, const Service& service, const Settings& settings, const Version& version
);

}  // namespace cloudshelf::objects
