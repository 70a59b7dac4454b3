// PutObject. CopyObject: copy_operations.cpp.
#include "region/objects/body.hpp"
#include "region/objects/lifecycle.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"

namespace cloudshelf::objects {
namespace {

/// Who is told that the condition does not hold need not send the body first.
Result<void> check_beforehand(const Call& call, const s3::Conditions& conditions) {
    const auto& service = call.service;
    const auto current =
        newest_version(call.service.log().view(), service.storage(), call.bucket->number, call.target.key);
    if (!current) return fail(current.error());
    std::string etag;
    if (*current && !(*current)->delete_marker) etag = '"' + (*current)->etag + '"';
    return s3::check_write(conditions, etag.empty() ? std::nullopt : std::optional<std::string_view>(etag));
}

io::Task<Answer> put_object(Call call) {
    auto draft = draft_version(call);
    if (!draft) co_return std::unexpected(draft.error());
    const auto key = content_key(draft->key_id);
    if (!key) co_return std::unexpected(key.error());
    const auto conditions = s3::request_conditions(call.request.headers);
    if (conditions.if_match || conditions.if_none_match) {
        if (auto held = check_beforehand(call, conditions); !held) co_return std::unexpected(held.error());
    }
    BodyWanted wanted{.key = *key, .checksum = s3::ChecksumAlgorithm::crc64nvme};
    const auto body = co_await receive_body(call, std::move(wanted));
    if (!body) co_return std::unexpected(body.error());
    draft->size = body->stored.length;
    draft->etag = s3::unquoted_etag(s3::simple_etag(body->md5));
    if (draft->size > 0) {
        draft->pieces.push_back({.content = body->stored.name, .length = draft->size});
    } else {
        call.service.collect({body->stored.name});  // nothing needs a file to be read from
    }
    if (body->algorithm) {
        draft->checksum = {
            .algorithm = std::string(s3::checksum_name(*body->algorithm)),
            .type = "FULL_OBJECT",
            .value = shown_checksum(body->checksum)
        };
    }
    const auto stored = co_await store_version(call, std::move(*draft), conditions);
    if (!stored) co_return std::unexpected(stored.error());
    io::HttpResponse answer = empty_answer();
    answer.headers.emplace_back("ETag", '"' + stored->etag + '"');
    append_version_headers(answer.headers, *stored, call.bucket->versioning);
    append_checksum_headers(answer.headers, stored->checksum);
    append_expiration_header(answer.headers, call.service, call.bucket->settings, *stored);
    co_return answer;
}

}  // namespace

void add_write_operations(Operations& to) {
    to["PutObject"] = {
        .action = "s3:PutObject",
        .permission = sigv4::Permission::write,
        .on = Operation::On::object,
        .handler = put_object
    };
}

}  // namespace cloudshelf::objects
