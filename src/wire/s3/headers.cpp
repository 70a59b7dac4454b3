#include "wire/s3/headers.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <array>

namespace cloudshelf::s3 {
namespace {

constexpr std::size_t redirect_location_size_max = 2048;

struct StoredHeader {
    std::string_view name;
    std::string StoredHeaders::* member;
    std::string_view override_parameter;  // of GetObject
};

constexpr std::array known = std::to_array<StoredHeader>({
    {"Content-Type", &StoredHeaders::content_type, "response-content-type"},
    {"Cache-Control", &StoredHeaders::cache_control, "response-cache-control"},
    {"Content-Disposition", &StoredHeaders::content_disposition, "response-content-disposition"},
    {"Content-Encoding", &StoredHeaders::content_encoding, "response-content-encoding"},
    {"Content-Language", &StoredHeaders::content_language, "response-content-language"},
    {"Expires", &StoredHeaders::expires, "response-expires"},
    {"x-amz-website-redirect-location", &StoredHeaders::website_redirect_location, {}},
});

constexpr std::array<std::string_view, 8> storage_classes{
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
};

constexpr std::array<std::string_view, 8> canned_acls{
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "log-delivery-write",
};

std::string without_aws_chunked(std::string_view codings) {
    std::string rest;
    while (!codings.empty()) {
        const std::string_view coding = text::trimmed(text::take_until(codings, ','));
        if (coding.empty() || text::equal_ignoring_case(coding, "aws-chunked")) continue;
        if (!rest.empty()) rest += ',';
        rest += coding;
    }
    return rest;
}

Result<void> check_redirect_location(std::string_view location) {
    if (location.empty()) return {};
    if (!location.starts_with('/') && !location.starts_with("http://") && !location.starts_with("https://")) {
        return fail(errors::invalid_redirect_location(
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."
        ));
    }
    if (location.size() > redirect_location_size_max) {
        return fail(
            errors::invalid_redirect_location("The length of website redirect location cannot exceed 2,048 characters.")
        );
    }
    return {};
}

Error unusable(std::string_view name) {
    return errors::invalid_argument("The value of " + std::string(name) + " contains control characters");
}

}  // namespace

Result<StoredHeaders> stored_headers(HeaderList headers) {
    StoredHeaders stored;
    for (const StoredHeader& each : known) {
        const std::string_view value = header_or_empty(headers, each.name);
        if (value.empty()) continue;
        if (text::has_control(value)) return fail(unusable(each.name));
        stored.*each.member = value;
    }
    stored.content_encoding = without_aws_chunked(stored.content_encoding);
    const auto location = check_redirect_location(stored.website_redirect_location);
    if (!location) return std::unexpected(location.error());
    auto metadata = user_metadata(headers);
    if (!metadata) return std::unexpected(metadata.error());
    stored.metadata = std::move(*metadata);
    return stored;
}

std::vector<std::pair<std::string, std::string>> answer_headers(const StoredHeaders& stored) {
    std::vector<std::pair<std::string, std::string>> headers;
    for (const StoredHeader& each : known) {
        const std::string& value = stored.*each.member;
        if (!value.empty()) headers.emplace_back(each.name, value);
    }
    std::ranges::move(metadata_headers(stored.metadata), std::back_inserter(headers));
    return headers;
}

Result<std::vector<std::pair<std::string, std::string>>> response_overrides(const QueryParameters& query) {
    std::vector<std::pair<std::string, std::string>> overrides;
    for (const StoredHeader& each : known) {
        if (each.override_parameter.empty()) continue;
        const std::string_view value = query.get(each.override_parameter).value_or(std::string_view{});
        if (value.empty()) continue;
        if (text::has_control(value)) return fail(unusable(each.override_parameter));
        overrides.emplace_back(each.name, value);
    }
    return overrides;
}

void override_headers(
    std::vector<std::pair<std::string, std::string>>& answer,
    const std::vector<std::pair<std::string, std::string>>& overrides
) {
    for (const auto& [name, value] : overrides) {
        std::erase_if(answer, [&](const auto& each) { return text::equal_ignoring_case(each.first, name); });
        answer.emplace_back(name, value);
    }
}

Result<std::string> storage_class(HeaderList headers) {
    const std::string_view name = find_header(headers, "x-amz-storage-class").value_or(storage_classes.front());
    if (std::ranges::find(storage_classes, name) != storage_classes.end()) return std::string(name);
    return fail(errors::invalid_storage_class());
}

Result<std::string> canned_acl(HeaderList headers) {
    const auto name = find_header(headers, "x-amz-acl");
    if (!name) return std::string();
    if (std::ranges::find(canned_acls, *name) == canned_acls.end()) {
        return fail(errors::invalid_argument("The canned ACL in x-amz-acl is unknown"));
    }
    const bool grants = std::ranges::any_of(headers, [](const auto& each) {
        return text::starts_with_ignoring_case(each.first, "x-amz-grant-");
    });
    if (grants) {
        return fail(errors::invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"));
    }
    return std::string(*name);
}

}  // namespace cloudshelf::s3
