#include "region/objects/bucket_change.hpp"

#include "region/objects/service.hpp"
#include "wire/s3/errors.hpp"

namespace cloudshelf::objects {

io::Task<Result<void>> change_bucket(Call call, BucketEdit edit) {
    Buckets& buckets = call.service.buckets();
    Buckets::Change change = [&](const Bucket*, changelog::Batch&) -> Result<std::optional<Bucket>> {
        const auto current = buckets.decided(*call.bucket);
        if (!current) return fail(s3::errors::no_such_bucket());
        Bucket next = *current;
        if (auto edited = edit(*current, next); !edited) return fail(edited.error());
        return std::optional(std::move(next));
    };
    const auto changed = co_await buckets.change(call.target.bucket, std::move(change));
    if (!changed) co_return fail(changed.error());
    co_return Result<void>();
}

}  // namespace cloudshelf::objects
