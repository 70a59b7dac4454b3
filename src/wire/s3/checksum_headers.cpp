#include "wire/s3/checksum_headers.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

namespace cloudshelf::s3 {
namespace {

Error more_than_one() {
    return errors::invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
    );
}

/// The algorithm of the checksum among x-amz-trailer's names.
Result<std::optional<ChecksumAlgorithm>> announced(std::string_view trailer) {
    std::optional<ChecksumAlgorithm> found;
    while (!trailer.empty()) {
        const std::string_view name = text::trimmed(text::take_until(trailer, ','));
        const auto algorithm = algorithm_of_header(name);
        if (!algorithm) {
            return fail(errors::invalid_request("The value specified in the x-amz-trailer header is not supported"));
        }
        if (found) return fail(more_than_one());
        found = algorithm;
    }
    return found;
}

Result<std::optional<BodyChecksum>> brought(HeaderList headers) {
    std::optional<BodyChecksum> found;
    for (const auto& [name, value] : headers) {
        const auto algorithm = algorithm_of_header(name);
        if (!algorithm) continue;
        if (found) return fail(more_than_one());
        auto raw = parse_checksum(*algorithm, text::trimmed(value));
        if (!raw) return std::unexpected(raw.error());
        found = BodyChecksum{.algorithm = *algorithm, .raw = std::move(*raw)};
    }
    const auto trailing = announced(header_or_empty(headers, "x-amz-trailer"));
    if (!trailing) return std::unexpected(trailing.error());
    if (!*trailing) return found;
    if (found) return fail(more_than_one());
    return BodyChecksum{.algorithm = **trailing, .in_trailer = true};
}

}  // namespace

Result<std::optional<BodyChecksum>> body_checksum(HeaderList headers) {
    auto found = brought(headers);
    if (!found) return found;
    const auto named = find_header(headers, "x-amz-sdk-checksum-algorithm");
    if (!named) return found;
    const auto algorithm = parse_checksum_algorithm(*named);
    if (!algorithm) return fail(errors::invalid_header("x-amz-sdk-checksum-algorithm"));
    if (!*found) {
        return fail(errors::invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers "
            "were found."
        ));
    }
    if ((*found)->algorithm != *algorithm) {
        return fail(errors::invalid_header("x-amz-sdk-checksum-algorithm"));
    }
    return found;
}

Result<std::optional<std::string>> content_md5(HeaderList headers) {
    const auto value = find_header(headers, checksum_header(ChecksumAlgorithm::md5));
    if (!value) return std::nullopt;
    return parse_checksum(ChecksumAlgorithm::md5, *value);
}

Result<std::optional<UploadChecksum>> upload_checksum(HeaderList headers) {
    const auto named = find_header(headers, "x-amz-checksum-algorithm");
    const auto typed = find_header(headers, "x-amz-checksum-type");
    if (!named) {
        if (!typed) return std::nullopt;
        return fail(errors::invalid_request(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        ));
    }
    const auto algorithm = parse_checksum_algorithm(*named);
    if (!algorithm) return std::unexpected(algorithm.error());
    std::optional<ChecksumType> asked;
    if (typed) {
        const auto type = parse_checksum_type(*typed);
        if (!type) return std::unexpected(type.error());
        asked = *type;
    }
    const auto type = multipart_checksum_type(*algorithm, asked);
    if (!type) return std::unexpected(type.error());
    return UploadChecksum{.algorithm = *algorithm, .type = *type};
}

}  // namespace cloudshelf::s3
