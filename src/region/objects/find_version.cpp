#include "region/objects/find_version.hpp"

#include "io/log.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version_store.hpp"
#include "wire/s3/errors.hpp"

#include <chrono>

namespace cloudshelf::objects {
namespace {

using Found = std::expected<Version, Refusal>;

/// Whoever may not list the bucket is not told whether a key is there.
Found missing_key(const Call& call, io::Headers headers) {
    const auto may_list = permit(call, "s3:ListBucket", sigv4::Permission::read, Operation::On::bucket, {});
    Refusal refusal(may_list ? s3::errors::no_such_key() : s3::errors::access_denied());
    refusal.headers = std::move(headers);
    return std::unexpected(std::move(refusal));
}

Found by_id(const Call& call, std::string_view version_action) {
    const std::string_view id = call.parameter("versionId");
    if (id.empty()) return std::unexpected(s3::errors::invalid_argument("Version id cannot be the empty string"));
    const auto permitted =
        permit(call, version_action, sigv4::Permission::read, Operation::On::object, call.target.key);
    if (!permitted) return std::unexpected(permitted.error());
    if (id != null_id && !stamp_of(id))
        return std::unexpected(s3::errors::invalid_argument("Invalid version id specified"));
    const auto& service = call.service;
    auto found =
        objects::find_version(call.service.log().view(), service.storage(), call.bucket->number, call.target.key, id);
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::unexpected(s3::errors::no_such_version());
    if ((*found)->delete_marker) {
        Refusal refusal(s3::errors::method_not_allowed());
        refusal.headers = {{"x-amz-delete-marker", "true"}, {"x-amz-version-id", std::string(id)}, {"Allow", "DELETE"}};
        return std::unexpected(std::move(refusal));
    }
    return std::move(**found);
}

}  // namespace

Found find_asked_version(const Call& call, std::string_view version_action) {
    if (call.asks_for("versionId")) return by_id(call, version_action);
    const auto& service = call.service;
    const auto view = call.service.log().view();
    const auto record = view.get(service.storage().data, object_place(call.bucket->number, call.target.key));
    if (!record) return std::unexpected(record.error());
    if (*record) {
        auto version = decode_version(**record);
        if (!version) return std::unexpected(version.error());
        return std::move(*version);
    }
    const auto newest = newest_version(view, service.storage(), call.bucket->number, call.target.key);
    if (!newest) return std::unexpected(newest.error());
    io::Headers headers;
    if (*newest) headers = {{"x-amz-delete-marker", "true"}, {"x-amz-version-id", (*newest)->id}};
    return missing_key(call, std::move(headers));
}

s3::Seconds modified(const Version& version) {
    return std::chrono::floor<std::chrono::seconds>(s3::Milliseconds(std::chrono::milliseconds(version.modified_ms)));
}

void report_unreadable(Service& service, const Error& error) {
    io::log(
        io::Level::error,
        "objects.unreadable",
        {{"region", service.region().value()}, {"code", error.code}, {"why", error.message}}
    );
}

}  // namespace cloudshelf::objects
