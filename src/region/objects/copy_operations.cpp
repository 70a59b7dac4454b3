// CopyObject, UploadPartCopy.
#include "region/objects/checksums.hpp"
#include "region/objects/copy_content.hpp"
#include "region/objects/find_copy_source.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "region/objects/upload_part.hpp"
#include "wire/s3/checksum_headers.hpp"
#include "wire/s3/copy_source.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/object_answers.hpp"
#include "wire/s3/range.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>

namespace cloudshelf::objects {
namespace {

constexpr std::uint64_t copy_bytes_max = std::uint64_t{5} << 30;

constexpr std::string_view redirect_header = "x-amz-website-redirect-location";

bool has_header(const Call& call, std::string_view name) {
    return s3::find_header(call.request.headers, name).has_value();
}

/// A copy onto itself has to change something besides.
Result<void> check_change(const Call& call, const FoundSource& source, s3::CopyDirective metadata) {
    const bool itself = source.bucket->name == call.target.bucket && source.version.key == call.target.key;
    // An older version that becomes the newest is a change.
    const bool restores = source.by_id && source.bucket->versioning != Versioning::never;
    if (!itself || restores || metadata == s3::CopyDirective::replace) return {};
    for (const std::string_view changed :
         {std::string_view("x-amz-storage-class"), redirect_header, std::string_view("x-amz-server-side-encryption")}) {
        if (has_header(call, changed)) return {};
    }
    return fail(s3::errors::invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
        "metadata, storage class, website redirect location or encryption attributes."
    ));
}

/// The source's headers, but where it redirects to, which each object has of its own.
void take_headers(Version& draft, const Version& source) {
    const auto is_redirect = [](const auto& header) {
        return s3::text::equal_ignoring_case(header.first, redirect_header);
    };
    Pairs headers = source.headers;
    std::erase_if(headers, is_redirect);
    const auto own = std::ranges::find_if(draft.headers, is_redirect);
    if (own != draft.headers.end()) headers.push_back(*own);
    draft.headers = std::move(headers);
}

/// The source's tags are read, and set on the new object, as by requests of their own.
Result<void> take_source_tags(const Call& call, Version& draft, const FoundSource& source) {
    draft.tags = source.version.tags;
    if (draft.tags.empty()) return {};
    if (!source.tags_shown) return fail(s3::errors::access_denied());
    return permit_for_new(call, "s3:PutObjectTagging");
}

/// What the request says of the new object, and what comes from the source; its bytes are the source's still.
std::expected<Version, Refusal> draft_copy(const Call& call, const FoundSource& source) {
    const auto metadata = s3::metadata_directive(call.request.headers);
    if (!metadata) return std::unexpected(metadata.error());
    const auto tagging = s3::tagging_directive(call.request.headers);
    if (!tagging) return std::unexpected(tagging.error());
    if (auto changed = check_change(call, source, *metadata); !changed) return std::unexpected(changed.error());
    if (source.version.size > copy_bytes_max) {
        return std::unexpected(s3::errors::invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        ));
    }
    auto draft = draft_version(call);
    if (!draft) return std::unexpected(draft.error());
    if (*metadata == s3::CopyDirective::copy) take_headers(*draft, source.version);
    if (*tagging == s3::CopyDirective::copy) {
        if (auto taken = take_source_tags(call, *draft, source); !taken) return std::unexpected(taken.error());
    }
    draft->size = source.version.size;
    draft->etag = source.version.etag;
    draft->pieces = source.version.pieces;
    draft->parts = source.version.parts;
    draft->checksum = source.version.checksum;
    return *draft;
}

/// The algorithm that has to be computed anew: one that is asked for, and that the source does not have of its whole.
Result<std::optional<s3::ChecksumAlgorithm>> wanted_checksum(const Call& call, const Version& source) {
    const auto name = call.header("x-amz-checksum-algorithm");
    if (name.empty()) return std::optional<s3::ChecksumAlgorithm>();
    const auto algorithm = s3::parse_checksum_algorithm(name);
    if (!algorithm) return fail(algorithm.error());
    const bool whole = source.checksum.type == s3::checksum_type_name(s3::ChecksumType::full_object);
    if (whole && source.checksum.algorithm == s3::checksum_name(*algorithm))
        return std::optional<s3::ChecksumAlgorithm>();
    return std::optional(*algorithm);
}

/// Another checksum of the whole: what is known of the parts is of the one before.
void set_checksum(Version& draft, s3::ChecksumAlgorithm algorithm, std::string_view raw) {
    draft.checksum = full_checksum(algorithm, raw);
    for (auto& part : draft.parts) part.checksum.clear();
}

io::Task<Answer> copy_object(Call call) {
    const auto source = find_copy_source(call);
    if (!source) co_return std::unexpected(source.error());
    auto draft = draft_copy(call, *source);
    if (!draft) co_return std::unexpected(draft.error());
    const auto key = content_key(draft->key_id);
    if (!key) co_return std::unexpected(key.error());
    const auto checksum = wanted_checksum(call, source->version);
    if (!checksum) co_return std::unexpected(checksum.error());
    Service& service = call.service;
    // Pinned whether they are shared or only read: what is deleted meanwhile stays until it is copied.
    const auto pins = co_await pin_pieces(service, source->version);
    if (!pins) co_return std::unexpected(pins.error());
    const bool shared = lies_under(source->version, *key);
    std::optional<CopiedContent> copied;
    if (!shared || *checksum) {
        CopyWanted wanted{.extent = {.offset = 0, .length = draft->size}, .key = {}, .checksum = *checksum};
        if (!shared) wanted.key = *key;
        auto done = co_await copy_content(service, source->version, std::move(wanted));
        if (!done) co_return std::unexpected(done.error());
        copied = std::move(*done);
    }
    if (copied && copied->stored) draft->pieces = {{.content = copied->stored->name, .length = draft->size}};
    if (*checksum) set_checksum(*draft, **checksum, copied->checksum);
    const auto conditions = s3::request_conditions(call.request.headers);
    const auto stored = co_await store_version(call, std::move(*draft), conditions);
    if (!stored) co_return std::unexpected(stored.error());
    io::HttpResponse answer = xml_answer(s3::print(s3::CopyObjectResult{
        .etag = stored->etag, .modified_ms = stored->modified_ms, .checksums = elements_of(stored->checksum)
    }));
    append_version_headers(answer.headers, *stored, call.bucket->versioning);
    if (const auto id = source->version_id(); !id.empty())
        answer.headers.emplace_back("x-amz-copy-source-version-id", id);
    co_return answer;
}

/// Which of the source's bytes become the part.
Result<Extent> part_extent(const Call& call, const Version& source) {
    Extent extent{.offset = 0, .length = source.size};
    if (const auto header = call.header("x-amz-copy-source-range"); !header.empty()) {
        const auto range = s3::parse_copy_source_range(header, source.size);
        if (!range) return fail(range.error());
        extent = {.offset = range->offset, .length = range->length};
    }
    if (extent.length > copy_bytes_max) {
        return fail(s3::errors::invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        ));
    }
    return extent;
}

/// A source in one piece that is copied whole can be shared, where its digests are known already.
bool can_share(const Version& source, const Extent& extent, std::string_view key, s3::ChecksumAlgorithm algorithm) {
    return source.pieces.size() == 1 && extent.length == source.size && lies_under(source, key) &&
           s3::md5_of_etag(source.etag) && source.checksum.algorithm == s3::checksum_name(algorithm) &&
           source.checksum.type == s3::checksum_type_name(s3::ChecksumType::full_object);
}

io::Task<Answer> upload_part_copy(Call call) {
    auto target = find_part_target(call);
    if (!target) co_return std::unexpected(target.error());
    const auto source = find_copy_source(call);
    if (!source) co_return std::unexpected(source.error());
    const auto extent = part_extent(call, source->version);
    if (!extent) co_return std::unexpected(extent.error());
    const auto key = content_key(target->upload.draft.key_id);
    if (!key) co_return std::unexpected(key.error());
    Service& service = call.service;
    const auto pins = co_await pin_pieces(service, source->version);
    if (!pins) co_return std::unexpected(pins.error());
    const auto algorithm = checksum_of_parts(target->upload);
    UploadedPart part{.etag = source->version.etag};
    std::optional<CopiedContent> copied;
    if (can_share(source->version, *extent, *key, algorithm)) {
        part.piece = source->version.pieces.front();
        part.checksum = source->version.checksum;
    } else if (extent->length == 0) {
        part.etag = s3::unquoted_etag(s3::simple_etag(s3::Digest::of(s3::ChecksumAlgorithm::md5, "")));
        part.checksum = full_checksum(algorithm, s3::Digest::of(algorithm, ""));
    } else {
        CopyWanted wanted{.extent = *extent, .key = *key, .checksum = algorithm};
        auto done = co_await copy_content(service, source->version, std::move(wanted));
        if (!done) co_return std::unexpected(done.error());
        copied = std::move(*done);
        part.etag = s3::unquoted_etag(s3::simple_etag(copied->md5));
        part.piece = {.content = copied->stored->name, .length = copied->stored->length};
        part.checksum = full_checksum(algorithm, copied->checksum);
    }
    const bool show_checksum = asked_for_checksum(target->upload);
    const Version draft = target->upload.draft;
    const auto stored = co_await store_part(call, std::move(*target), std::move(part));
    if (!stored) co_return std::unexpected(stored.error());
    s3::CopyPartResult result{.etag = stored->etag, .modified_ms = stored->modified_ms};
    if (show_checksum) result.checksums = elements_of(stored->checksum);
    result.checksums.type.reset();  // it is the upload's
    io::HttpResponse answer = xml_answer(s3::print(result));
    append_version_headers(answer.headers, draft, Versioning::never);
    if (const auto id = source->version_id(); !id.empty())
        answer.headers.emplace_back("x-amz-copy-source-version-id", id);
    co_return answer;
}

}  // namespace

void add_copy_operations(Operations& to) {
    using enum sigv4::Permission;
    using enum Operation::On;
    to["CopyObject"] = {.action = "s3:PutObject", .permission = write, .on = object, .handler = copy_object};
    to["UploadPartCopy"] = {.action = "s3:PutObject", .permission = write, .on = object, .handler = upload_part_copy};
}

}  // namespace cloudshelf::objects
