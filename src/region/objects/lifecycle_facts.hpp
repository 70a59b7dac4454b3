#pragma once

#include "base/result.hpp"
#include "region/log/view.hpp"
#include "region/objects/storage.hpp"
#include "region/objects/version.hpp"
#include "wire/s3/lifecycle.hpp"
#include "wire/s3/lifecycle_due.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// What lifecycle rules make of one version, from what is known of it.
namespace cloudshelf::objects {

/// How a version stands among those of its key.
struct LifecycleFacts {
    Version version;
    bool latest = false;
    bool alone = false;                    // it is the only one of its key
    std::int64_t noncurrent_since_ms = 0;  // when its successor came
    std::int64_t newer_noncurrent = 0;     // how many noncurrent ones of the key are newer than it
};

enum class LifecycleAct : std::uint8_t {
    expire,         // the current version: deleted, or given a delete marker
    remove,         // a noncurrent version, for good
    remove_marker,  // a delete marker that is all there is
    transition,     // to another storage class
};
struct LifecycleStep {
    LifecycleAct act = LifecycleAct::expire;
    std::string storage_class = {};  // of a transition
    bool operator==(const LifecycleStep&) const = default;
};

/// The time, and how long a day is (shorter in trials).
struct LifecycleClock {
    std::int64_t now_ms = 0;  // since 1970
    std::int64_t day_seconds = s3::seconds_of_a_day;
};

/// What is due now; nothing: the version stays as it is. Expiration goes before transition, and a transition only ever
/// leads to a colder class.
std::optional<LifecycleStep> step_due(
    const s3::LifecycleConfiguration& rules, const LifecycleFacts& facts, const LifecycleClock& clock
);

s3::LifecycleSubject subject_of(const Version& version);

/// The facts of a version as they are in this view. `newer_max`: from so many on the newer ones are not counted on,
/// since no rule asks for more. Nothing: it is not there. Errors: those of View::scan, "objects.bad-record".
Result<std::optional<LifecycleFacts>> facts_of(
    const changelog::View& view,
    const Storage& storage,
    BucketNumber bucket,
    const Version& version,
    std::int64_t newer_max
);
/// That number, of these rules.
std::int64_t newer_versions_max(const s3::LifecycleConfiguration& rules);

}  // namespace cloudshelf::objects
