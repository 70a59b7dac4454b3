#pragma once

#include "base/result.hpp"

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Checksums of objects (S3 User Guide, "Checking object integrity"). Raw values are bytes, highest first.
namespace cloudshelf::s3 {

/// `md5` is for ETags and Content-MD5 only.
enum class ChecksumAlgorithm : std::uint8_t { crc32, crc32c, crc64nvme, sha1, sha256, md5 };

/// What a multipart object's checksum covers: its parts' checksums, or its bytes.
enum class ChecksumType : std::uint8_t { composite, full_object };

/// "CRC64NVME", as in XML and in x-amz-sdk-checksum-algorithm.
std::string_view checksum_name(ChecksumAlgorithm algorithm);
/// "x-amz-checksum-crc64nvme"; "content-md5" for MD5.
std::string_view checksum_header(ChecksumAlgorithm algorithm);
/// The algorithm of an x-amz-checksum-… header (case does not matter); nothing for any other header.
std::optional<ChecksumAlgorithm> algorithm_of_header(std::string_view header);
/// The opposite of `checksum_name`, in any case; MD5 is not among them. Errors: InvalidRequest.
Result<ChecksumAlgorithm> parse_checksum_algorithm(std::string_view name);

/// "COMPOSITE" or "FULL_OBJECT", and back. Errors: InvalidRequest.
std::string_view checksum_type_name(ChecksumType type);
Result<ChecksumType> parse_checksum_type(std::string_view name);

/// The type that a multipart upload's checksum gets: the one asked for, or the algorithm's own (COMPOSITE but for
/// CRC64NVME). Errors: InvalidRequest; digests are of parts only, CRC64NVME is of whole objects only.
Result<ChecksumType> multipart_checksum_type(ChecksumAlgorithm algorithm, std::optional<ChecksumType> asked);

/// In bytes.
std::size_t checksum_size(ChecksumAlgorithm algorithm);

/// The raw value of a header's Base64. Errors: InvalidRequest (InvalidDigest for MD5) where it is none, or not of the
/// algorithm's size.
Result<std::string> parse_checksum(ChecksumAlgorithm algorithm, std::string_view base64);

/// One checksum over bytes that come in pieces. Not for several threads at once.
class Digest {
public:
    explicit Digest(ChecksumAlgorithm algorithm);

    void update(std::string_view bytes);

    /// The raw value. Once only; nothing may follow.
    std::string finish();

    ChecksumAlgorithm algorithm() const { return algorithm_; }

    /// Of bytes that are all there.
    static std::string of(ChecksumAlgorithm algorithm, std::string_view bytes);

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };

    ChecksumAlgorithm algorithm_;
    bool finished_ = false;
    std::uint64_t crc_ = 0;
    std::unique_ptr<EVP_MD_CTX, Free> context_;  // none for CRCs
};

/// A part's checksum (raw) and its size in bytes.
struct PartChecksum {
    std::string raw;
    std::uint64_t size = 0;
};

/// Whether checksums of parts can be made into that of the whole: true of CRCs.
bool can_combine(ChecksumAlgorithm algorithm);

/// FULL_OBJECT: the raw checksum of the parts' bytes, without reading them. `algorithm`: one that can combine.
std::string full_object_checksum(ChecksumAlgorithm algorithm, std::span<const PartChecksum> parts);

/// COMPOSITE: the checksum of the parts' raw checksums, in Base64, and "-" with their number.
std::string composite_checksum(ChecksumAlgorithm algorithm, std::span<const PartChecksum> parts);

}  // namespace cloudshelf::s3
