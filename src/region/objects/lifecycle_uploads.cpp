#include "region/objects/lifecycle_uploads.hpp"

#include "region/objects/listing.hpp"
#include "region/objects/upload.hpp"
#include "wire/s3/lifecycle_due.hpp"

#include <algorithm>
#include <chrono>

namespace cloudshelf::objects {
namespace {

constexpr std::size_t uploads_per_page = 100;

/// Within a decision. Nothing happens to one that was completed or aborted meanwhile.
Result<bool> abort(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Upload& upload, Freed& freed
) {
    const std::string place = upload_place(bucket, upload.draft.key, upload.id);
    const auto there = batch.get(storage.uploads, place);
    if (!there) return fail(there.error());
    if (!*there) return false;
    std::vector<std::pair<std::string, contents::ContentName>> parts;
    Result<void> all_good;
    const auto take = [&](std::string_view part_at, std::string_view record) {
        const auto part = decode_part(record);
        if (!part) {
            all_good = fail(part.error());
            return false;
        }
        parts.emplace_back(part_at, part->piece.content);
        return true;
    };
    const auto range = changelog::KeyRange::prefix(parts_prefix(upload.id));
    if (auto scanned = batch.scan(storage.parts, range, take); !scanned) return fail(scanned.error());
    if (!all_good) return fail(all_good.error());
    for (const auto& [part_at, content] : parts) {
        batch.erase(storage.parts, part_at);
        batch.erase(storage.references, reference_place(content, part_reference, part_at));
        freed.push_back(content);
    }
    batch.erase(storage.uploads, place);
    return true;
}

}  // namespace

io::Task<Result<std::uint64_t>> abort_due_uploads(Service& service, KnownBucketPtr bucket) {
    const auto day = std::chrono::duration_cast<std::chrono::seconds>(service.options().lifecycle_day);
    const std::int64_t day_seconds = std::max<std::int64_t>(day.count(), 1);
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
