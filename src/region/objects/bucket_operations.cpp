// CreateBucket, HeadBucket, ListBuckets, DeleteBucket, GetBucketLocation.
#include "region/objects/failure.hpp"
#include "region/objects/new_bucket.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version_store.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/headers.hpp"
#include "wire/s3/listing.hpp"
#include "wire/s3/location.hpp"
#include "wire/s3/names.hpp"

namespace cloudshelf::objects {
namespace {

constexpr std::string_view first_region = "us-east-1";  // which has no name as a location

bool is_true(std::string_view header) {
    return header == "true" || header == "True" || header == "TRUE";
}

Result<s3::CreateBucketConfiguration> read_configuration(const Call& call) {
    if (call.request.body.empty()) return s3::CreateBucketConfiguration{};
    return s3::parse_create_bucket_configuration(call.request.body);
}

Result<void> check_location(const Call& call, const std::string& location) {
    if (location.empty() || location == call.service.region().value()) return {};
    if (location == first_region) return fail(s3::errors::invalid_location_constraint());
    return fail(s3::errors::illegal_location_constraint());
}

io::Task<Answer> create_bucket(Call call) {
    if (call.caller.anonymous()) co_return std::unexpected(s3::errors::access_denied());
    if (auto named = s3::check_bucket_name(call.target.bucket); !named) co_return std::unexpected(named.error());
    const auto configuration = read_configuration(call);
    if (!configuration) co_return std::unexpected(configuration.error());
    if (auto located = check_location(call, configuration->location_constraint); !located)
        co_return std::unexpected(located.error());
    const bool locked = is_true(call.header("x-amz-bucket-object-lock-enabled"));
    Bucket made{
        .name = call.target.bucket,
        .owner = std::string(call.caller.canonical_id()),
        .created_ms = call.service.wall_ms(),
        .versioning = locked ? Versioning::enabled : Versioning::never,
        .object_lock = locked,
    };
    if (auto taken = take_settings_of_new(call, configuration->tags, made); !taken)
        co_return std::unexpected(taken.error());
    const Buckets::Change change = [&](const Bucket* current, changelog::Batch&) -> Result<std::optional<Bucket>> {
        if (current == nullptr) return std::optional(made);
        if (current->owner != made.owner) return fail(s3::errors::bucket_already_exists());
        // S3's first region takes it for done, the others do not.
        if (call.service.region().value() != first_region) return fail(s3::errors::bucket_already_owned_by_you());
        return std::optional(*current);
    };
    const auto changed = co_await call.service.buckets().change(call.target.bucket, change);
    if (!changed) co_return std::unexpected(changed.error());
    io::HttpResponse answer = empty_answer();
    answer.headers.emplace_back("Location", "/" + call.target.bucket);
    co_return answer;
}

io::Task<Answer> head_bucket(Call call) {
    io::HttpResponse answer = empty_answer();
    answer.headers.emplace_back("x-amz-bucket-region", call.service.region().value());
    co_return answer;
}

io::Task<Answer> list_buckets(Call call) {
    if (call.caller.anonymous()) co_return std::unexpected(s3::errors::access_denied());
    const Account& account = *call.caller.account;
    s3::ListAllMyBucketsResult result{.owner = {.id = account.canonical_id, .display_name = account.display_name}};
    for (const auto& bucket : call.service.buckets().all()) {
        if (bucket->owner != account.canonical_id) continue;
        result.buckets.push_back({.name = bucket->name, .created_ms = bucket->created_ms});
    }
    co_return xml_answer(s3::print(result));
}

io::Task<Answer> delete_bucket(Call call) {
    const Buckets::Change change = [&](const Bucket* current,
                                       changelog::Batch& batch) -> Result<std::optional<Bucket>> {
        const bool same = current != nullptr && current->number == call.bucket->number;
        if (!same) return fail(s3::errors::no_such_bucket());
        const auto empty = is_empty(batch, call.service.storage(), current->number);
        if (!empty) return fail(empty.error());
        if (!*empty) return fail(s3::errors::bucket_not_empty());
        const auto erased = erase_failures(batch, call.service.storage(), bucket_prefix(current->number));
        if (!erased) return fail(erased.error());
        return std::optional<Bucket>();
    };
    const auto changed = co_await call.service.buckets().change(call.target.bucket, change);
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer(204);
}

io::Task<Answer> get_bucket_location(Call call) {
    co_return xml_answer(s3::print_location_constraint(call.service.region().value()));
}

}  // namespace

void add_bucket_operations(Operations& to) {
    using enum sigv4::Permission;
    to["ListBuckets"] = {.action = "s3:ListAllMyBuckets", .handler = list_buckets};
    to["CreateBucket"] = {.action = "s3:CreateBucket", .permission = write, .handler = create_bucket};
    to["HeadBucket"] = {.action = "s3:ListBucket", .handler = head_bucket};
    to["DeleteBucket"] = {.action = "s3:DeleteBucket", .permission = write, .handler = delete_bucket};
    to["GetBucketLocation"] = {.action = "s3:GetBucketLocation", .handler = get_bucket_location};
}

}  // namespace cloudshelf::objects
