#include "region/objects/policy_context.hpp"

#include "region/objects/service.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/tag_header.hpp"
#include "wire/s3/tagging.hpp"
#include "wire/s3/value_text.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace cloudshelf::objects {
namespace {

using Context = std::map<std::string, std::vector<std::string>, std::less<>>;

struct FromRequest {
    std::string_view name;  // of a header or a parameter
    std::string_view key;
};

constexpr auto headers = std::to_array<FromRequest>({
    {"User-Agent", "aws:useragent"},
    {"Referer", "aws:referer"},
    {"x-amz-acl", "s3:x-amz-acl"},
    {"x-amz-grant-full-control", "s3:x-amz-grant-full-control"},
    {"x-amz-grant-read", "s3:x-amz-grant-read"},
    {"x-amz-grant-read-acp", "s3:x-amz-grant-read-acp"},
    {"x-amz-grant-write", "s3:x-amz-grant-write"},
    {"x-amz-grant-write-acp", "s3:x-amz-grant-write-acp"},
    {"x-amz-copy-source", "s3:x-amz-copy-source"},
    {"x-amz-metadata-directive", "s3:x-amz-metadata-directive"},
    {"x-amz-storage-class", "s3:x-amz-storage-class"},
    {"x-amz-server-side-encryption", "s3:x-amz-server-side-encryption"},
    {"x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-aws-kms-key-id"},
    {"x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-server-side-encryption-customer-algorithm"},
    {"x-amz-website-redirect-location", "s3:x-amz-website-redirect-location"},
    {"x-amz-content-sha256", "s3:x-amz-content-sha256"},
    {"x-amz-object-ownership", "s3:x-amz-object-ownership"},
    {"x-amz-object-lock-mode", "s3:object-lock-mode"},
    {"x-amz-object-lock-retain-until-date", "s3:object-lock-retain-until-date"},
    {"x-amz-object-lock-legal-hold", "s3:object-lock-legal-hold"},
    {"If-Match", "s3:if-match"},
    {"If-None-Match", "s3:if-none-match"},
});

constexpr auto parameters = std::to_array<FromRequest>({
    {"prefix", "s3:prefix"},
    {"delimiter", "s3:delimiter"},
    {"max-keys", "s3:max-keys"},
    {"versionId", "s3:versionid"},
});

void add_signature(const Call& call, Context& to) {
    if (call.caller.anonymous()) {
        to["aws:principaltype"] = {"Anonymous"};
        return;
    }
    const auto& account = call.caller.account->id;
    const auto& profile = call.caller.credentials->profile;
    to["aws:principaltype"] = {"User"};
    to["aws:username"] = {profile};
    to["aws:principalaccount"] = {account};
    to["aws:principalarn"] = {fmt::format("arn:aws:iam::{}:user/{}", account, profile)};
    to["s3:signatureversion"] = {"AWS4-HMAC-SHA256"};
    to["s3:authtype"] = {call.header("Authorization").empty() ? "REST-QUERY-STRING" : "REST-HEADER"};
}

void add_requested_tags(const AccessRequest& request, Context& to) {
    const auto add = [&to](const std::string& key, const std::string& value) {
        to["s3:requestobjecttag/" + s3::text::lower(key)] = {value};
        to["s3:requestobjecttagkeys"].push_back(key);
    };
    // What is malformed is refused by the operation itself, with the right words.
    if (const auto tags = s3::parse_tag_header(request.call.header("x-amz-tagging"))) {
        for (const auto& [key, value] : *tags) add(key, value);
    }
    if (!request.action.ends_with("Tagging") || !request.action.contains(":PutObject")) return;
    const auto document = s3::parse_tagging(request.call.request.body, s3::object_tags_max);
    if (!document) return;
    for (const auto& tag : document->tags) add(tag.key, tag.value);
}

}  // namespace

Context policy_context(const AccessRequest& request) {
    const Call& call = request.call;
    const std::int64_t now_ms = call.service.wall_ms();
    Context context{
        {"aws:securetransport", {call.connection.secure ? "true" : "false"}},
        {"aws:currenttime", {s3::iso_8601(s3::Milliseconds(std::chrono::milliseconds(now_ms)))}},
        {"aws:epochtime", {std::to_string(now_ms / 1000)}},
    };
    if (!call.connection.peer_address.empty()) context["aws:sourceip"] = {call.connection.peer_address};
    for (const auto& [name, key] : headers) {
        if (const auto value = call.header(name); !value.empty()) context[std::string(key)] = {std::string(value)};
    }
    for (const auto& [name, key] : parameters) {
        if (const auto value = call.target.query.get(name)) context[std::string(key)] = {std::string(*value)};
    }
    add_signature(call, context);
    add_requested_tags(request, context);
    if (request.version) {
        for (const auto& [key, value] : request.version->tags)
            context["s3:existingobjecttag/" + s3::text::lower(key)] = {value};
    }
    return context;
}

}  // namespace cloudshelf::objects
