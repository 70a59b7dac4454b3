#pragma once

#include "base/result.hpp"
#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/request.hpp"
#include "wire/sigv4/signing_key.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace cloudshelf::sigv4 {

struct Expected {
    std::string region;
    std::string service;  // "dynamodb", "s3", …
    Dialect dialect = Dialect::plain;
    std::chrono::seconds skew_max = std::chrono::minutes(15);
};

/// How a body was signed (S3; elsewhere it is always `digest`).
enum class Payload : std::uint8_t { digest, unsigned_body, signed_chunks, signed_chunks_trailer, unsigned_trailer };

struct Verified {
    const Credentials* credentials = nullptr;  // in the keyring
    Payload payload = Payload::digest;
    // For a body in chunks (chunks.hpp):
    Scope scope;
    std::string time;       // as in the request: "20130524T000000Z"
    std::string signature;  // of the request: the first chunk's predecessor
};

/// Whether the request is signed, in its Authorization header or in its query (presigned), by a key of ours, for this
/// region and service, and now. Errors: those of errors.hpp, in the order and with the texts of AWS; "Signature
/// expired: …" and "Signature not yet current: …" among them. Comparisons take a time that tells nothing.
Result<Verified> verify(
    const Request& request, const Keyring& keyring, const Expected& expected, Time now, SigningKeys& keys
);

}  // namespace cloudshelf::sigv4
