#include "region/objects/find_copy_source.hpp"

#include "region/objects/find_version.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/conditions.hpp"
#include "wire/s3/copy_source.hpp"
#include "wire/s3/encryption_headers.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <chrono>

namespace cloudshelf::objects {
namespace {

/// As if the source were asked for by a GET of its own: policies and versions are about it, not about the target.
Result<s3::Target> target_of(const s3::CopySource& source) {
    s3::Target target{.bucket = source.bucket, .key = source.key, .query = {}};
    if (!source.version_id) return target;
    auto query = s3::QueryParameters::parse("versionId=" + s3::text::percent_encoded(*source.version_id));
    if (!query) return fail(query.error());
    target.query = std::move(*query);
    return target;
}

}  // namespace

std::expected<FoundSource, Refusal> find_copy_source(const Call& call) {
    const auto customers = s3::copy_source_customer_key(call.request.headers);
    if (!customers) return std::unexpected(customers.error());
    if (*customers) return std::unexpected(s3::errors::not_implemented("Keys of customers (SSE-C) are not supported"));
    const auto source = s3::parse_copy_source(call.header("x-amz-copy-source"));
    if (!source) return std::unexpected(source.error());
    const auto target = target_of(*source);
    if (!target) return std::unexpected(target.error());
    const Call reading{
        .service = call.service,
        .request = call.request,
        .target = *target,
        .caller = call.caller,
        .bucket = call.service.buckets().find(source->bucket),
        .connection = call.connection,
    };
    if (!reading.bucket) return std::unexpected(s3::errors::no_such_bucket());
    if (!source->version_id) {
        const auto permitted =
            permit(reading, "s3:GetObject", sigv4::Permission::read, Operation::On::object, source->key);
        if (!permitted) return std::unexpected(permitted.error());
    }
    auto version = find_asked_version(reading, "s3:GetObjectVersion");
    if (!version) {
        if (version.error().error.code != "MethodNotAllowed") return std::unexpected(version.error());
        return std::unexpected(s3::errors::invalid_request(
            "The source of a copy request may not specifically refer to a delete marker by version id."
        ));
    }
    const auto conditions = s3::copy_source_conditions(call.request.headers);
    const auto held = s3::check_copy_source(conditions, '"' + version->etag + '"', modified(*version));
    if (!held) return std::unexpected(held.error());
    const bool by_id = source->version_id.has_value();
    const std::string_view read_tags = by_id ? "s3:GetObjectVersionTagging" : "s3:GetObjectTagging";
    const bool tags_shown =
        version->tags.empty() ||
        permit(reading, read_tags, sigv4::Permission::read, Operation::On::object, source->key).has_value();
    return FoundSource{
        .bucket = reading.bucket, .version = std::move(*version), .by_id = by_id, .tags_shown = tags_shown
    };
}

}  // namespace cloudshelf::objects
