#include "wire/s3/encryption_headers.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "wire/s3/checksum.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view prefix = "x-amz-server-side-encryption";
constexpr std::string_view copy_source_prefix = "x-amz-copy-source-server-side-encryption";
constexpr std::string_view aes = "AES256";
constexpr std::string_view kms = "aws:kms";
constexpr std::size_t key_size = 32;

std::string name(std::string_view start, std::string_view end) {
    return std::string(start).append(end);
}

Error without(std::string_view what) {
    return errors::invalid_argument(
        "Requests specifying Server Side Encryption with Customer provided keys must provide " + std::string(what)
    );
}

Result<std::optional<CustomerKey>> key_of(HeaderList headers, std::string_view start) {
    const auto algorithm = find_header(headers, name(start, "-customer-algorithm"));
    const auto key = find_header(headers, name(start, "-customer-key"));
    const auto md5 = find_header(headers, name(start, "-customer-key-md5"));
    if (!algorithm && !key && !md5) return std::nullopt;
    if (!algorithm) return fail(without("a valid encryption algorithm."));
    if (!key) return fail(without("an appropriate secret key."));
    if (!md5) return fail(without("the client calculated MD5 of the secret key."));
    if (*algorithm != aes) return fail(errors::invalid_encryption_algorithm());
    auto bytes = from_base64(*key);
    if (!bytes || bytes->size() != key_size) {
        return fail(errors::invalid_argument("The secret key was invalid for the specified algorithm."));
    }
    const std::string calculated = base64(Digest::of(ChecksumAlgorithm::md5, *bytes));
    if (!equal_in_constant_time(calculated, *md5)) {
        return fail(
            errors::invalid_argument("The calculated MD5 hash of the key did not match the hash that was provided.")
        );
    }
    return CustomerKey{.key = std::move(*bytes), .md5_base64 = std::string(*md5)};
}

/// The context's JSON, or nothing where it is none.
std::optional<std::string> context_of(std::string_view encoded) {
    auto text = from_base64(encoded);
    if (!text) return std::nullopt;
    boost::system::error_code error;
    const auto json = boost::json::parse(*text, error);
    if (error || !json.is_object()) return std::nullopt;
    const bool texts =
        std::ranges::all_of(json.get_object(), [](const auto& each) { return each.value().is_string(); });
    return texts ? text : std::nullopt;
}

}  // namespace

Result<std::optional<CustomerKey>> customer_key(HeaderList headers) {
    return key_of(headers, prefix);
}

Result<std::optional<CustomerKey>> copy_source_customer_key(HeaderList headers) {
    return key_of(headers, copy_source_prefix);
}

Result<ServerSideEncryption> server_side_encryption(HeaderList headers) {
    ServerSideEncryption encryption;
    encryption.algorithm = header_or_empty(headers, prefix);
    encryption.kms_key_id = header_or_empty(headers, name(prefix, "-aws-kms-key-id"));
    const auto context = find_header(headers, name(prefix, "-context"));
    const auto bucket_key = find_header(headers, name(prefix, "-bucket-key-enabled"));

    if (encryption.algorithm == "aws:kms:dsse") return fail(errors::not_implemented());
    if (find_header(headers, prefix) && encryption.algorithm != aes && encryption.algorithm != kms) {
        return fail(errors::invalid_argument("The encryption method specified is not supported"));
    }
    if (!encryption.algorithm.empty() && find_header(headers, name(prefix, "-customer-algorithm"))) {
        return fail(errors::invalid_argument(
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified"
        ));
    }
    if ((!encryption.kms_key_id.empty() || context) && encryption.algorithm != kms) {
        return fail(errors::invalid_argument(
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : "
            "aws:kms"
        ));
    }
    if (context) {
        auto json = context_of(*context);
        if (!json) {
            return fail(
                errors::invalid_argument("The header x-amz-server-side-encryption-context shall be "
                                         "Base64-encoded UTF-8 string holding JSON which "
                                         "represents a string-string map")
            );
        }
        encryption.kms_context = std::move(*json);
    }
    if (bucket_key) {
        if (!text::equal_ignoring_case(*bucket_key, "true") && !text::equal_ignoring_case(*bucket_key, "false")) {
            return fail(errors::invalid_argument(
                "The header x-amz-server-side-encryption-bucket-key-enabled must be true or false"
            ));
        }
        encryption.bucket_key_enabled = text::equal_ignoring_case(*bucket_key, "true");
    }
    return encryption;
}

}  // namespace cloudshelf::s3
