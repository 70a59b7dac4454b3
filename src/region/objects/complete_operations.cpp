// CompleteMultipartUpload.
#include "region/objects/assemble_upload.hpp"
#include "region/objects/checksums.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "region/objects/upload_part.hpp"
#include "region/objects/upload_store.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/listing.hpp"
#include "wire/s3/value_text.hpp"

#include <fmt/format.h>

namespace cloudshelf::objects {
namespace {

constexpr int attempts_max = 5;

/// A part was replaced between the look at the parts and the decision, which then looks again.
constexpr std::string_view parts_changed = "objects.parts-changed";

/// What the request itself says of the object that comes out.
Result<void> check_announced(const Call& call, const Upload& upload, const Version& version) {
    if (const auto size = call.header("x-amz-mp-object-size"); !size.empty() && size != std::to_string(version.size))
        return fail(
            s3::errors::invalid_request("The provided 'x-amz-mp-object-size' header does not match what was computed.")
        );
    if (const auto type = call.header("x-amz-checksum-type"); !type.empty() && type != version.checksum.type) {
        return fail(s3::errors::invalid_request(fmt::format(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            version.checksum.type
        )));
    }
    const auto algorithm = checksum_of_parts(upload);
    const auto given = call.header(s3::checksum_header(algorithm));
    if (given.empty()) return {};
    // A composite one may come with or without the number of parts behind it.
    const std::string_view computed = version.checksum.value;
    if (given == computed || given == computed.substr(0, computed.find('-'))) return {};
    return fail(s3::errors::bad_digest(fmt::format(
        "The {} you specified did not match the calculated checksum.", s3::text::lower(s3::checksum_name(algorithm))
    )));
}

io::HttpResponse completed(const Call& call, const Version& version) {
    const std::string key = s3::encoded_key(version.key, s3::KeyEncoding::url);
    const std::string host(call.header("Host"));
    const bool in_host = call.target.style == s3::TargetStyle::virtual_host;
    io::HttpResponse answer = xml_answer(s3::print(s3::CompleteMultipartUploadResult{
        .location = in_host ? fmt::format("http://{}/{}", host, key)
                            : fmt::format("http://{}/{}/{}", host, call.target.bucket, key),
        .bucket = call.target.bucket,
        .key = version.key,
        .etag = version.etag,
        .checksums = elements_of(version.checksum),
    }));
    append_version_headers(answer.headers, version, call.bucket->versioning);
    return answer;
}

/// Whoever did not see the answer asks again: the object that came of this upload, if it is still the newest.
Answer completed_before(const Call& call) {
    const auto newest =
        newest_version(call.service.log().view(), call.service.storage(), call.bucket->number, call.target.key);
    if (!newest) return std::unexpected(newest.error());
    const auto id = call.parameter("uploadId");
    if (!*newest || id.empty() || (*newest)->upload_id != id) return std::unexpected(s3::errors::no_such_upload());
    return completed(call, **newest);
}

io::Task<Answer> complete_multipart_upload(Call call) {
    const auto asked = s3::parse_complete_multipart_upload(call.request.body);
    if (!asked) co_return std::unexpected(asked.error());
    const auto conditions = s3::request_conditions(call.request.headers);
    Service& service = call.service;
    const Storage& storage = service.storage();
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        const auto view = service.log().view();
        const auto upload =
            find_upload(view, storage, call.bucket->number, call.target.key, call.parameter("uploadId"));
        if (!upload) co_return std::unexpected(upload.error());
        if (!*upload) co_return completed_before(call);
        const auto parts = parts_of(view, storage, (*upload)->id);
        if (!parts) co_return std::unexpected(parts.error());
        auto version = assemble(**upload, *parts, *asked);
        if (!version) co_return std::unexpected(version.error());
        if (auto good = check_announced(call, **upload, *version); !good) co_return std::unexpected(good.error());
        Freed freed;
        const AlsoDecide end_upload = [&](changelog::Batch& batch, BucketNumber bucket) -> Result<void> {
            const auto still = find_upload(batch, storage, bucket, call.target.key, (*upload)->id);
            if (!still) return fail(still.error());
            if (!*still) return fail(std::string(parts_changed), "the upload ended meanwhile");
            const auto now = parts_of(batch, storage, (*upload)->id);
            if (!now) return fail(now.error());
            if (*now != *parts) return fail(std::string(parts_changed), "a part came meanwhile");
            return remove_upload(batch, storage, bucket, **still, freed);
        };
        const auto stored = co_await store_version(call, std::move(*version), conditions, end_upload);
        if (stored) {
            service.collect(std::move(freed));
            co_return completed(call, *stored);
        }
        if (stored.error().code != parts_changed) co_return std::unexpected(stored.error());
    }
    co_return std::unexpected(s3::errors::operation_aborted());
}

}  // namespace

void add_complete_operations(Operations& to) {
    to["CompleteMultipartUpload"] = {
        .action = "s3:PutObject",
        .permission = sigv4::Permission::write,
        .on = Operation::On::object,
        .handler = complete_multipart_upload
    };
}

}  // namespace cloudshelf::objects
