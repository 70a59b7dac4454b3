// ListObjects, ListObjectsV2, ListObjectVersions.
#include "base/base64.hpp"
#include "region/objects/list_parameters.hpp"
#include "region/objects/listing.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/listing.hpp"

#include <algorithm>

namespace cloudshelf::objects {
namespace {

/// What the listings' parameters have in common.
struct Asked {
    ListQuery query;
    int max_keys = items_max;  // as it was asked for
    s3::KeyEncoding encoding = s3::KeyEncoding::none;
};

Result<Asked> read_parameters(const Call& call) {
    Asked asked;
    asked.query.prefix = call.parameter("prefix");
    asked.query.delimiter = call.parameter("delimiter");
    const auto max_keys = number_parameter(call, "max-keys", items_max);
    if (!max_keys) return fail(max_keys.error());
    asked.max_keys = std::min(*max_keys, items_max);
    asked.query.items_max = static_cast<std::size_t>(asked.max_keys);
    const auto encoding = encoding_parameter(call);
    if (!encoding) return fail(encoding.error());
    asked.encoding = *encoding;
    return asked;
}

s3::Owner owner_of(const Call& call, const Version& version) {
    const auto* account = call.service.accounts().canonical(version.owner);
    return {.id = version.owner, .display_name = account ? account->display_name : ""};
}

enum class Owners : bool { no, yes };

s3::ObjectEntry entry_of(const Call& call, const Version& version, Owners owners) {
    s3::ObjectEntry entry{
        .key = version.key,
        .modified_ms = version.modified_ms,
        .etag = version.etag,
        .size = static_cast<std::int64_t>(version.size),
    };
    if (!version.storage_class.empty()) entry.storage_class = version.storage_class;
    if (owners == Owners::yes) entry.owner = owner_of(call, version);
    if (!version.checksum.algorithm.empty()) {
        entry.checksum_algorithms = {version.checksum.algorithm};
        entry.checksum_type = version.checksum.type;
    }
    return entry;
}

std::vector<s3::ObjectEntry> entries_of(const Call& call, const ObjectPage& page, Owners owners) {
    std::vector<s3::ObjectEntry> entries;
    entries.reserve(page.objects.size());
    for (const auto& version : page.objects) entries.push_back(entry_of(call, version, owners));
    return entries;
}

io::Task<Result<ObjectPage>> read_page(Call call, ListQuery query) {
    auto work = [&call, &query] {
        const auto view = call.service.log().snapshot();
        return objects::list_objects(view, call.service.storage(), call.bucket->number, query);
    };
    co_return co_await call.service.working().run(std::move(work));
}

io::Task<Answer> list_objects_v1(Call call) {
    auto asked = read_parameters(call);
    if (!asked) co_return std::unexpected(asked.error());
    asked->query.after = call.parameter("marker");
    const auto page = co_await read_page(call, asked->query);
    if (!page) co_return std::unexpected(page.error());
    const s3::ListObjectsResult result{
        .name = call.bucket->name,
        .prefix = asked->query.prefix,
        .marker = asked->query.after,
        .delimiter = asked->query.delimiter,
        .max_keys = asked->max_keys,
        .truncated = page->truncated,
        .next_marker = page->truncated && !asked->query.delimiter.empty() ? page->last : "",
        .encoding = asked->encoding,
        .objects = entries_of(call, *page, Owners::yes),
        .common_prefixes = page->prefixes,
    };
    co_return xml_answer(s3::print(result));
}

io::Task<Answer> list_objects_v2(Call call) {
    auto asked = read_parameters(call);
    if (!asked) co_return std::unexpected(asked.error());
    const std::string start_after(call.parameter("start-after"));
    const std::string token(call.parameter("continuation-token"));
    asked->query.after = start_after;
    if (call.asks_for("continuation-token")) {
        auto after = from_base64(token);
        if (!after || token.empty())
            co_return std::unexpected(s3::errors::invalid_argument("The continuation token provided is incorrect"));
        asked->query.after = std::move(*after);
    }
    const auto page = co_await read_page(call, asked->query);
    if (!page) co_return std::unexpected(page.error());
    const auto owners = call.parameter("fetch-owner") == "true" ? Owners::yes : Owners::no;
    const s3::ListObjectsV2Result result{
        .name = call.bucket->name,
        .prefix = asked->query.prefix,
        .delimiter = asked->query.delimiter,
        .start_after = start_after,
        .continuation_token = token,
        .next_continuation_token = page->truncated ? base64(page->last) : "",
        .max_keys = asked->max_keys,
        .truncated = page->truncated,
        .encoding = asked->encoding,
        .objects = entries_of(call, *page, owners),
        .common_prefixes = page->prefixes,
    };
    co_return xml_answer(s3::print(result));
}

io::Task<Answer> list_object_versions(Call call) {
    auto asked = read_parameters(call);
    if (!asked) co_return std::unexpected(asked.error());
    asked->query.after = call.parameter("key-marker");
    const std::string after_id(call.parameter("version-id-marker"));
    if (asked->query.after.empty() && !after_id.empty()) {
        co_return std::unexpected(
            s3::errors::invalid_argument("A version-id marker cannot be specified without a key marker.")
        );
    }
    auto work = [&call, &asked, &after_id] {
        const auto view = call.service.log().snapshot();
        return objects::list_versions(view, call.service.storage(), call.bucket->number, asked->query, after_id);
    };
    const auto page = co_await call.service.working().run(std::move(work));
    if (!page) co_return std::unexpected(page.error());
    s3::ListVersionsResult result{
        .name = call.bucket->name,
        .prefix = asked->query.prefix,
        .delimiter = asked->query.delimiter,
        .key_marker = asked->query.after,
        .version_id_marker = after_id,
        .max_keys = asked->max_keys,
        .truncated = page->truncated,
        .encoding = asked->encoding,
        .common_prefixes = page->prefixes,
    };
    if (page->truncated) {
        result.next_key_marker = page->last;
        result.next_version_id_marker = page->last_id;
    }
    for (const auto& listed : page->versions) {
        result.versions.push_back({
            .object = entry_of(call, listed.version, Owners::yes),
            .version_id = listed.version.id,
            .latest = listed.latest,
            .delete_marker = listed.version.delete_marker,
        });
    }
    co_return xml_answer(s3::print(result));
}

}  // namespace

void add_list_operations(Operations& to) {
    to["ListObjects"] = {.action = "s3:ListBucket", .handler = list_objects_v1};
    to["ListObjectsV2"] = {.action = "s3:ListBucket", .handler = list_objects_v2};
    to["ListObjectVersions"] = {.action = "s3:ListBucketVersions", .handler = list_object_versions};
}

}  // namespace cloudshelf::objects
