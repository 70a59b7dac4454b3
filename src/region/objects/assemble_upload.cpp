#include "region/objects/assemble_upload.hpp"

#include "base/base64.hpp"
#include "region/objects/checksums.hpp"
#include "region/objects/upload_part.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace cloudshelf::objects {
namespace {

constexpr std::uint64_t object_bytes_max = std::uint64_t{5} << 40;

using Problem = std::optional<Refusal>;

Refusal invalid_part(const Upload& upload, const s3::CompletedPart& asked) {
    Refusal refusal(s3::errors::invalid_part());
    refusal.details = {{"UploadId", upload.id}, {"PartNumber", std::to_string(asked.number)}, {"ETag", asked.etag}};
    return refusal;
}

Refusal too_small(const UploadedPart& part) {
    Refusal refusal(s3::errors::entity_too_small());
    refusal.details = {
        {"ETag", part.etag},
        {"MinSizeAllowed", std::to_string(part_bytes_min)},
        {"ProposedSize", std::to_string(part.piece.length)},
        {"PartNumber", std::to_string(part.number)},
    };
    return refusal;
}

/// Whether the part that came is the one that is asked for.
Problem check_part(const Upload& upload, const UploadedPart& part, const s3::CompletedPart& asked) {
    if (asked.etag != part.etag) return invalid_part(upload, asked);
    if (!asked_for_checksum(upload)) return std::nullopt;
    const auto given = value_in(asked.checksums, checksum_of_parts(upload));
    if (given && *given != part.checksum.value) return invalid_part(upload, asked);
    const auto& wanted = upload.draft.checksum;
    if (given || wanted.type != s3::checksum_type_name(s3::ChecksumType::composite)) return std::nullopt;
    return Refusal(s3::errors::invalid_request(fmt::format(
        "The upload was created using a {} checksum. The complete request must include the checksum for each part. It "
        "was missing for part {} in the request.",
        s3::text::lower(wanted.algorithm),
        asked.number
    )));
}

/// Of the whole object, as the upload's type has it.
StoredChecksum checksum_of(const Upload& upload, const std::vector<s3::PartChecksum>& parts) {
    const auto algorithm = checksum_of_parts(upload);
    if (upload.draft.checksum.type != s3::checksum_type_name(s3::ChecksumType::composite))
        return full_checksum(algorithm, s3::full_object_checksum(algorithm, parts));
    StoredChecksum checksum = upload.draft.checksum;
    checksum.value = s3::composite_checksum(algorithm, parts);
    return checksum;
}

}  // namespace

std::expected<Version, Refusal> assemble(
    const Upload& upload, const std::vector<UploadedPart>& have, const s3::CompleteMultipartUpload& asked
) {
    Version version = upload.draft;
    version.upload_id = upload.id;
    std::vector<std::string> digests;
    std::vector<s3::PartChecksum> checksums;
    for (const auto& wanted : asked.parts) {
        const auto part = std::ranges::lower_bound(have, wanted.number, {}, &UploadedPart::number);
        if (part == have.end() || part->number != wanted.number) return std::unexpected(invalid_part(upload, wanted));
        if (auto problem = check_part(upload, *part, wanted)) return std::unexpected(std::move(*problem));
        const bool last = &wanted == &asked.parts.back();
        if (!last && part->piece.length < part_bytes_min) return std::unexpected(too_small(*part));
        version.size += part->piece.length;
        if (part->piece.length > 0) version.pieces.push_back(part->piece);
        version.parts.push_back({
            .number = part->number,
            .size = part->piece.length,
            .checksum = asked_for_checksum(upload) ? part->checksum.value : "",
        });
        digests.push_back(s3::md5_of_etag(part->etag).value_or(""));
        checksums.push_back({.raw = from_base64(part->checksum.value).value_or(""), .size = part->piece.length});
    }
    if (version.size > object_bytes_max) return std::unexpected(s3::errors::entity_too_large());
    version.etag = s3::unquoted_etag(s3::multipart_etag(digests));
    version.checksum = checksum_of(upload, checksums);
    return version;
}

}  // namespace cloudshelf::objects
