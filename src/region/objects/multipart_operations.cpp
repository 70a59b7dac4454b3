// CreateMultipartUpload, UploadPart, ListParts, ListMultipartUploads, AbortMultipartUpload. CompleteMultipartUpload:
// complete_operations.cpp; UploadPartCopy: copy_operations.cpp.
#include "region/objects/body.hpp"
#include "region/objects/checksums.hpp"
#include "region/objects/list_parameters.hpp"
#include "region/objects/listing.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "region/objects/upload_part.hpp"
#include "region/objects/upload_store.hpp"
#include "wire/s3/checksum_headers.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/multipart.hpp"
#include "wire/s3/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::objects {
namespace {

s3::Owner owner_of(const Call& call, const Version& draft) {
    const auto* account = call.service.accounts().canonical(draft.owner);
    return {.id = draft.owner, .display_name = account ? account->display_name : ""};
}

std::string storage_class_of(const Version& draft) {
    return draft.storage_class.empty() ? "STANDARD" : draft.storage_class;
}

std::optional<std::string> if_some(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

io::Task<Answer> create_multipart_upload(Call call) {
    auto draft = draft_version(call);
    if (!draft) co_return std::unexpected(draft.error());
    if (const auto key = content_key(draft->key_id); !key) co_return std::unexpected(key.error());
    const auto checksum = s3::upload_checksum(call.request.headers);
    if (!checksum) co_return std::unexpected(checksum.error());
    if (*checksum) {
        draft->checksum.algorithm = s3::checksum_name((*checksum)->algorithm);
        draft->checksum.type = s3::checksum_type_name((*checksum)->type);
    }
    Service& service = call.service;
    Upload upload{.id = {}, .draft = std::move(*draft)};
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto bucket = service.buckets().decided(*call.bucket);
        if (!bucket) return fail(s3::errors::no_such_bucket());
        upload.id = version_id(batch.stamp());  // uploads of one key are listed in the order in which they began
        upload.draft.modified_ms = batch.wall_ms();
        add_upload(batch, service.storage(), bucket->number, upload);
        return {};
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) co_return std::unexpected(written.error());
    io::HttpResponse answer = xml_answer(s3::print(
        s3::InitiateMultipartUploadResult{.bucket = call.target.bucket, .key = call.target.key, .upload_id = upload.id}
    ));
    append_version_headers(answer.headers, upload.draft, Versioning::never);
    if (asked_for_checksum(upload)) {
        answer.headers.emplace_back("x-amz-checksum-algorithm", upload.draft.checksum.algorithm);
        answer.headers.emplace_back("x-amz-checksum-type", upload.draft.checksum.type);
    }
    co_return answer;
}

/// A part's checksum has to be the one that the upload was created for. One of a full object's may be absent: it is
/// computed here, and the object's still is what the parts' are.
Result<void> check_algorithm(const Upload& upload, const std::optional<s3::BodyChecksum>& brought) {
    if (!asked_for_checksum(upload)) return {};
    const auto expected = checksum_of_parts(upload);
    if (brought && brought->algorithm == expected) return {};
    if (!brought && upload.draft.checksum.type != s3::checksum_type_name(s3::ChecksumType::composite)) return {};
    const std::string_view actual = brought ? s3::checksum_name(brought->algorithm) : "null";
    return fail(s3::errors::invalid_request(fmt::format(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        s3::text::lower(s3::checksum_name(expected)),
        s3::text::lower(actual)
    )));
}

io::Task<Answer> upload_part(Call call) {
    auto target = find_part_target(call);
    if (!target) co_return std::unexpected(target.error());
    const auto brought = s3::body_checksum(call.request.headers);
    if (!brought) co_return std::unexpected(brought.error());
    if (auto fitting = check_algorithm(target->upload, *brought); !fitting) co_return std::unexpected(fitting.error());
    const auto key = content_key(target->upload.draft.key_id);
    if (!key) co_return std::unexpected(key.error());
    const auto algorithm = checksum_of_parts(target->upload);
    BodyWanted wanted{.key = *key, .checksum = algorithm, .besides = algorithm};
    const auto body = co_await receive_body(call, std::move(wanted));
    if (!body) co_return std::unexpected(body.error());
    UploadedPart part{.etag = std::string(s3::unquoted_etag(s3::simple_etag(body->md5)))};
    part.checksum = full_checksum(algorithm, body->besides);
    if (body->stored.length > 0) {
        part.piece = {.content = body->stored.name, .length = body->stored.length};
    } else {
        call.service.collect({body->stored.name});  // nothing needs a file to be read from
    }
    const Version draft = target->upload.draft;
    const auto stored = co_await store_part(call, std::move(*target), std::move(part));
    if (!stored) co_return std::unexpected(stored.error());
    io::HttpResponse answer = empty_answer();
    answer.headers.emplace_back("ETag", '"' + stored->etag + '"');
    append_version_headers(answer.headers, draft, Versioning::never);
    if (body->algorithm)
        answer.headers.emplace_back(s3::checksum_header(*body->algorithm), shown_checksum(body->checksum));
    co_return answer;
}

s3::PartEntry entry_of(const Upload& upload, const UploadedPart& part) {
    s3::PartEntry entry{
        .number = part.number,
        .modified_ms = part.modified_ms,
        .etag = part.etag,
        .size = static_cast<std::int64_t>(part.piece.length),
    };
    if (asked_for_checksum(upload)) {
        entry.checksums = elements_of(part.checksum);
        entry.checksums.type.reset();  // it is the upload's
    }
    return entry;
}

io::Task<Answer> list_parts(Call call) {
    const auto upload = find_asked_upload(call);
    if (!upload) co_return std::unexpected(upload.error());
    const auto max_parts = number_parameter(call, "max-parts", items_max);
    if (!max_parts) co_return std::unexpected(max_parts.error());
    const auto marker = number_parameter(call, "part-number-marker", 0);
    if (!marker) co_return std::unexpected(marker.error());
    const auto encoding = encoding_parameter(call);
    if (!encoding) co_return std::unexpected(encoding.error());
    const auto after = static_cast<std::uint16_t>(std::min(*marker, s3::part_number_max));
    const auto shown = static_cast<std::size_t>(std::min(*max_parts, items_max));
    // One more than is shown, to know whether there is one.
    const auto parts = parts_of(call.service.log().view(), call.service.storage(), upload->id, after, shown + 1);
    if (!parts) co_return std::unexpected(parts.error());
    const Version& draft = upload->draft;
    s3::ListPartsResult result{
        .bucket = call.target.bucket,
        .key = call.target.key,
        .upload_id = upload->id,
        .initiator = owner_of(call, draft),
        .owner = owner_of(call, draft),
        .storage_class = storage_class_of(draft),
        .part_number_marker = *marker,
        .max_parts = static_cast<int>(shown),
        .truncated = parts->size() > shown,
        .encoding = *encoding,
        .checksum_algorithm = if_some(draft.checksum.algorithm),
        .checksum_type = if_some(draft.checksum.type),
    };
    for (const auto& part : *parts) {
        if (result.parts.size() == shown) break;
        result.parts.push_back(entry_of(*upload, part));
        result.next_part_number_marker = part.number;
    }
    co_return xml_answer(s3::print(result));
}

io::Task<Answer> list_multipart_uploads(Call call) {
    const auto max_uploads = number_parameter(call, "max-uploads", items_max);
    if (!max_uploads) co_return std::unexpected(max_uploads.error());
    const auto encoding = encoding_parameter(call);
    if (!encoding) co_return std::unexpected(encoding.error());
    ListQuery query{
        .prefix = std::string(call.parameter("prefix")),
        .delimiter = std::string(call.parameter("delimiter")),
        .after = std::string(call.parameter("key-marker")),
        .items_max = static_cast<std::size_t>(std::min(*max_uploads, items_max)),
    };
    // An upload's marker says something only behind a key's.
    const std::string after_id(query.after.empty() ? "" : call.parameter("upload-id-marker"));
    auto work = [&call, &query, &after_id] {
        const auto view = call.service.log().snapshot();
        return list_uploads(view, call.service.storage(), call.bucket->number, query, after_id);
    };
    const auto page = co_await call.service.working().run(std::move(work));
    if (!page) co_return std::unexpected(page.error());
    s3::ListMultipartUploadsResult result{
        .bucket = call.bucket->name,
        .prefix = query.prefix,
        .delimiter = query.delimiter,
        .key_marker = query.after,
        .upload_id_marker = after_id,
        .max_uploads = static_cast<int>(query.items_max),
        .truncated = page->truncated,
        .encoding = *encoding,
        .common_prefixes = page->prefixes,
    };
    if (page->truncated) {
        result.next_key_marker = page->last;
        result.next_upload_id_marker = page->last_id;
    }
    for (const auto& upload : page->uploads) {
        result.uploads.push_back({
            .key = upload.draft.key,
            .upload_id = upload.id,
            .initiator = owner_of(call, upload.draft),
            .owner = owner_of(call, upload.draft),
            .storage_class = storage_class_of(upload.draft),
            .initiated_ms = upload.draft.modified_ms,
            .checksum_algorithm = if_some(upload.draft.checksum.algorithm),
            .checksum_type = if_some(upload.draft.checksum.type),
        });
    }
    co_return xml_answer(s3::print(result));
}

io::Task<Answer> abort_multipart_upload(Call call) {
    Service& service = call.service;
    Freed freed;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto bucket = service.buckets().decided(*call.bucket);
        if (!bucket) return fail(s3::errors::no_such_bucket());
        const auto upload =
            find_upload(batch, service.storage(), bucket->number, call.target.key, call.parameter("uploadId"));
        if (!upload) return fail(upload.error());
        if (!*upload) return fail(s3::errors::no_such_upload());
        return remove_upload(batch, service.storage(), bucket->number, **upload, freed);
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) co_return std::unexpected(written.error());
    service.collect(std::move(freed));
    co_return empty_answer(204);
}

}  // namespace

void add_multipart_operations(Operations& to) {
    using enum sigv4::Permission;
    using enum Operation::On;
    to["CreateMultipartUpload"] = {
        .action = "s3:PutObject", .permission = write, .on = object, .handler = create_multipart_upload
    };
    to["UploadPart"] = {.action = "s3:PutObject", .permission = write, .on = object, .handler = upload_part};
    to["ListParts"] = {.action = "s3:ListMultipartUploadParts", .on = object, .handler = list_parts};
    to["ListMultipartUploads"] = {.action = "s3:ListBucketMultipartUploads", .handler = list_multipart_uploads};
    to["AbortMultipartUpload"] = {
        .action = "s3:AbortMultipartUpload", .permission = write, .on = object, .handler = abort_multipart_upload
    };
}

}  // namespace cloudshelf::objects
