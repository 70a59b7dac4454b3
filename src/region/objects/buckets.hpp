#pragma once

#include "base/result.hpp"
#include "region/log/change_log.hpp"
#include "region/objects/bucket.hpp"
#include "region/objects/settings.hpp"
#include "region/objects/storage.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::objects {

/// A bucket with its documents read.
struct KnownBucket : Bucket {
    Settings settings;
};
using KnownBucketPtr = std::shared_ptr<const KnownBucket>;

/// The buckets there are. Kept in "catalogue" and, for everyday use, in memory. A change is a decision of the log like
/// any other, so that a write is always judged by the bucket as it is at that write's place in the order.
class Buckets {
public:
    Buckets(changelog::ChangeLog* log, Storage storage) : log_(log), storage_(storage) {}
    /// Reads what is stored; to be called once, before anything else. Errors: those of View::scan,
    /// "objects.bad-record".
    Result<void> load();

    /// As it is durable. Null: no such bucket. Any thread.
    KnownBucketPtr find(std::string_view name) const;
    /// In order of names. Any thread.
    std::vector<KnownBucketPtr> all() const;

    /// Within a decision: the bucket as the decisions before left it. Null: no such bucket.
    KnownBucketPtr decided(std::string_view name) const;
    /// The same for one that was looked at before. Null also where another has its name by now: whoever was permitted
    /// to write to the one was not asked about the other.
    KnownBucketPtr decided(const KnownBucket& before) const;

    /// From what is there (null: nothing) to what shall be (nullopt: nothing). Runs in a decision; may use the batch. A
    /// bucket that is new gets its number by itself.
    using Change = std::function<Result<std::optional<Bucket>>(const Bucket* current, changelog::Batch& batch)>;
    /// Answers the bucket as it is then (null: gone), durable and visible to `find`. Errors: the change's own, those of
    /// ChangeLog::write and `read_settings`.
    io::Task<Result<KnownBucketPtr>> change(std::string name, Change change);

private:
    using Known = std::map<std::string, KnownBucketPtr, std::less<>>;
    Result<BucketNumber> next_number(changelog::Batch& batch);
    Result<void> change_in(changelog::Batch& batch, const std::string& name, const Change& change);
    void settle(const std::string& name);

    changelog::ChangeLog* log_;
    Storage storage_;
    mutable std::mutex mutex_;
    Known visible_;
    Known decided_;
};

}  // namespace cloudshelf::objects
