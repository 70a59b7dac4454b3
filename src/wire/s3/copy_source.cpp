#include "wire/s3/copy_source.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/names.hpp"
#include "wire/s3/value_text.hpp"

#include <utility>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view version_parameter = "versionId=";

Result<std::optional<std::string>> version_of(std::string_view parameters) {
    if (!parameters.starts_with(version_parameter) || parameters.contains('&')) {
        return fail(errors::invalid_argument("Unsupported copy source parameter."));
    }
    auto version = text::percent_decoded(parameters.substr(version_parameter.size()), text::Plus::stays);
    if (!version) return fail(errors::invalid_argument("Invalid version id specified"));
    if (version->empty()) return fail(errors::invalid_argument("Version id cannot be the empty string"));
    return version;
}

Result<CopyDirective> directive(HeaderList headers, std::string_view name, std::string_view what) {
    const auto value = find_header(headers, name);
    if (!value || *value == "COPY") return CopyDirective::copy;
    if (*value == "REPLACE") return CopyDirective::replace;
    return fail(errors::invalid_argument("Unknown " + std::string(what) + " directive."));
}

}  // namespace

Result<CopySource> parse_copy_source(std::string_view header) {
    std::string_view parameters = header;
    const std::string_view path = text::take_until(parameters, '?');
    CopySource source;
    if (path.size() < header.size()) {
        auto version = version_of(parameters);
        if (!version) return std::unexpected(version.error());
        source.version_id = std::move(*version);
    }
    // Decoded as a whole first: some clients encode the slash between bucket and key.
    const auto decoded = text::percent_decoded(path, text::Plus::stays);
    if (!decoded) return fail(errors::invalid_argument("The x-amz-copy-source header must be URL-encoded"));
    std::string_view rest = *decoded;
    if (rest.starts_with('/')) rest.remove_prefix(1);
    source.bucket = text::take_until(rest, '/');
    source.key = rest;
    if (source.bucket.empty() || source.key.empty()) {
        return fail(
            errors::invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        );
    }
    if (!check_bucket_name(source.bucket)) {
        return fail(errors::invalid_argument("Invalid copy source bucket name"));
    }
    const auto key = check_key(source.key);
    if (!key) return std::unexpected(key.error());
    return source;
}

std::string copy_source_header(const CopySource& source) {
    std::string header = "/" + source.bucket;
    std::string_view rest = source.key;
    for (bool more = true; more;) {
        more = rest.contains('/');
        header += "/" + text::percent_encoded(text::take_until(rest, '/'));
    }
    if (source.version_id) {
        header.append("?").append(version_parameter).append(text::percent_encoded(*source.version_id));
    }
    return header;
}

Result<CopyDirective> metadata_directive(HeaderList headers) {
    return directive(headers, "x-amz-metadata-directive", "metadata");
}

Result<CopyDirective> tagging_directive(HeaderList headers) {
    return directive(headers, "x-amz-tagging-directive", "tagging");
}

}  // namespace cloudshelf::s3
