#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::s3 {

enum class SseAlgorithm : std::uint8_t { aes256, kms, kms_dsse };
/// "AES256", "aws:kms", "aws:kms:dsse"
std::string_view to_string(SseAlgorithm algorithm);

/// Body of PutBucketEncryption, answer of GetBucketEncryption; the document has exactly one rule.
struct ServerSideEncryptionConfiguration {
    SseAlgorithm algorithm = SseAlgorithm::aes256;
    std::string kms_key_id = {};  // empty: the default key
    bool bucket_key_enabled = false;
    bool operator==(const ServerSideEncryptionConfiguration&) const = default;
};
/// Errors: MalformedXML, InvalidArgument for a key where none is used.
Result<ServerSideEncryptionConfiguration> parse_server_side_encryption_configuration(std::string_view body);
std::string print(const ServerSideEncryptionConfiguration& configuration);

}  // namespace cloudshelf::s3
