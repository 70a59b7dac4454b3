#pragma once

#include "base/result.hpp"
#include "wire/s3/header_list.hpp"

#include <optional>
#include <string>

/// Encryption at rest as requests ask for it (S3 User Guide, "Protecting data with server-side encryption").
namespace cloudshelf::s3 {

/// A key that the customer keeps (SSE-C). Secret: never to be stored, logged or shown.
struct CustomerKey {
    std::string key;         // 32 bytes
    std::string md5_base64;  // of the key, as it came; may be stored, to tell keys apart
};

/// x-amz-server-side-encryption-customer-algorithm, -key, -key-MD5; nothing where none of them is there. Errors:
/// InvalidArgument where one is missing, the key is not 256 bits of Base64, or its MD5 is another's;
/// InvalidEncryptionAlgorithmError for another algorithm than AES256. That the connection is safe is the caller's to
/// see to.
Result<std::optional<CustomerKey>> customer_key(HeaderList headers);

/// The same of a copy's source: x-amz-copy-source-server-side-encryption-customer-….
Result<std::optional<CustomerKey>> copy_source_customer_key(HeaderList headers);

/// Encryption with a key of the server's. Empty texts: not given; no algorithm: the bucket's default.
struct ServerSideEncryption {
    std::string algorithm;  // "AES256" or "aws:kms"
    std::string kms_key_id;
    std::string kms_context;  // JSON: an object of texts
    std::optional<bool> bucket_key_enabled;

    bool operator==(const ServerSideEncryption&) const = default;
};

/// x-amz-server-side-encryption, -aws-kms-key-id, -context, -bucket-key-enabled. Errors: InvalidArgument for an unknown
/// algorithm, for the others without aws:kms, for a context that is no Base64 of such JSON, and beside a customer's
/// key; NotImplemented for aws:kms:dsse.
Result<ServerSideEncryption> server_side_encryption(HeaderList headers);

}  // namespace cloudshelf::s3
