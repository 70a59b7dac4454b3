#include "region/objects/lifecycle_uploads.hpp"

#include "region/objects/lifecycle.hpp"
#include "region/objects/listing.hpp"
#include "region/objects/upload_store.hpp"
#include "wire/s3/lifecycle_due.hpp"

namespace cloudshelf::objects {
namespace {

constexpr std::size_t uploads_per_page = 100;

/// Within a decision. Nothing happens to one that was completed or aborted meanwhile.
Result<bool> abort(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Upload& upload, Freed& freed
) {
    const auto there = find_upload(batch, storage, bucket, upload.draft.key, upload.id);
    if (!there) return fail(there.error());
    if (!*there) return false;
    if (auto removed = remove_upload(batch, storage, bucket, **there, freed); !removed) return fail(removed.error());
    return true;
}

}  // namespace

io::Task<Result<std::uint64_t>> abort_due_uploads(Service& service, KnownBucketPtr bucket) {
    const std::int64_t day_seconds = day_seconds_of(service);
    std::uint64_t aborted = 0;
    std::string after, after_id;
    bool more = true;
    while (more && !service.stopping()) {
        auto work = [view = service.log().view(), storage = service.storage(), bucket, after, after_id] {
            const ListQuery query{.prefix = {}, .delimiter = {}, .after = after, .items_max = uploads_per_page};
            return list_uploads(view, storage, bucket->number, query, after_id);
        };
        const auto page = co_await service.working().run(std::move(work));
        if (!page) co_return fail(page.error());
        more = page->truncated;
        after = page->last;
        after_id = page->last_id;
        std::vector<const Upload*> due;
        for (const auto& upload : page->uploads) {
            const auto at =
                s3::upload_due(*bucket->settings.lifecycle, upload.draft.key, upload.draft.modified_ms, day_seconds);
            if (at && at->at_ms <= service.wall_ms()) due.push_back(&upload);
        }
        if (due.empty()) continue;
        Freed freed;
        std::uint64_t in_batch = 0;
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            for (const auto* upload : due) {
                const auto gone = abort(batch, service.storage(), bucket->number, *upload, freed);
                if (!gone) return fail(gone.error());
                in_batch += *gone ? 1 : 0;
            }
            return {};
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written) co_return fail(written.error());
        service.collect(std::move(freed));
        aborted += in_batch;
    }
    co_return aborted;
}

}  // namespace cloudshelf::objects
