#include "region/objects/upload_part.hpp"

#include "region/objects/service.hpp"
#include "region/objects/upload_store.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/multipart.hpp"

#include <charconv>

namespace cloudshelf::objects {

Result<Upload> find_asked_upload(const Call& call) {
    const auto& service = call.service;
    const auto found = find_upload(
        call.service.log().view(), service.storage(), call.bucket->number, call.target.key, call.parameter("uploadId")
    );
    if (!found) return fail(found.error());
    if (!*found) return fail(s3::errors::no_such_upload());
    return **found;
}

Result<PartTarget> find_part_target(const Call& call) {
    const auto text = call.parameter("partNumber");
    PartTarget target;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), target.number);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (!whole || target.number < 1 || target.number > s3::part_number_max)
        return fail(s3::errors::invalid_argument("Part number must be an integer between 1 and 10000, inclusive"));
    auto upload = find_asked_upload(call);
    if (!upload) return fail(upload.error());
    target.upload = std::move(*upload);
    return target;
}

bool asked_for_checksum(const Upload& upload) {
    return !upload.draft.checksum.algorithm.empty();
}

s3::ChecksumAlgorithm checksum_of_parts(const Upload& upload) {
    return s3::parse_checksum_algorithm(upload.draft.checksum.algorithm).value_or(s3::ChecksumAlgorithm::crc64nvme);
}

io::Task<Result<UploadedPart>> store_part(Call call, PartTarget target, UploadedPart part) {
    Service& service = call.service;
    Freed freed;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto bucket = service.buckets().decided(*call.bucket);
        if (!bucket) return fail(s3::errors::no_such_bucket());
        const auto upload = find_upload(batch, service.storage(), bucket->number, call.target.key, target.upload.id);
        if (!upload) return fail(upload.error());
        if (!*upload) return fail(s3::errors::no_such_upload());
        part.number = target.number;
        part.modified_ms = batch.wall_ms();
        return add_part(batch, service.storage(), target.upload.id, part, freed);
    };
    const auto written = co_await service.log().write(std::move(decision));
    const bool not_done = !written && written.error().certainty == Certainty::not_done;
    if (not_done && part.piece.length > 0) freed.push_back(part.piece.content);
    service.collect(std::move(freed));
    if (!written) co_return fail(written.error());
    co_return part;
}

}  // namespace cloudshelf::objects
