#pragma once

#include "base/result.hpp"
#include "wire/s3/access_control.hpp"
#include "wire/s3/checksum_elements.hpp"
#include "wire/s3/listing.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Documents of multipart uploads. ETags are without quotes.
namespace cloudshelf::s3 {

inline constexpr int part_number_max = 10'000;

struct CompletedPart {
    int number = 0;
    std::string etag;
    ChecksumElements checksums;
    bool operator==(const CompletedPart&) const = default;
};

/// Body of CompleteMultipartUpload.
struct CompleteMultipartUpload {
    std::vector<CompletedPart> parts;  // ascending
    bool operator==(const CompleteMultipartUpload&) const = default;
};
/// Errors: MalformedXML, also where there is no part; InvalidArgument for a number out of 1 to 10,000;
/// InvalidPartOrder. At most 4 MiB.
Result<CompleteMultipartUpload> parse_complete_multipart_upload(std::string_view body);
std::string print(const CompleteMultipartUpload& upload);

struct InitiateMultipartUploadResult {
    std::string bucket;
    std::string key;
    std::string upload_id;
};
std::string print(const InitiateMultipartUploadResult& result);

struct CompleteMultipartUploadResult {
    std::string location;
    std::string bucket;
    std::string key;
    std::string etag;
    ChecksumElements checksums;
};
std::string print(const CompleteMultipartUploadResult& result);

struct PartEntry {
    int number = 0;
    std::int64_t modified_ms = 0;
    std::string etag;
    std::int64_t size = 0;
    ChecksumElements checksums = {};
};

struct ListPartsResult {
    std::string bucket;
    std::string key;
    std::string upload_id;
    Owner initiator;
    Owner owner;
    std::string storage_class = "STANDARD";
    int part_number_marker = 0;
    int next_part_number_marker = 0;  // 0: not written
    int max_parts = 1000;
    bool truncated = false;
    KeyEncoding encoding = KeyEncoding::none;
    std::optional<std::string> checksum_algorithm;
    std::optional<std::string> checksum_type;
    std::vector<PartEntry> parts;
};
std::string print(const ListPartsResult& result);

struct UploadEntry {
    std::string key;
    std::string upload_id;
    Owner initiator;
    Owner owner;
    std::string storage_class = "STANDARD";
    std::int64_t initiated_ms = 0;
    std::optional<std::string> checksum_algorithm = {};
    std::optional<std::string> checksum_type = {};
};

struct ListMultipartUploadsResult {
    std::string bucket;
    std::string prefix;
    std::string delimiter;
    std::string key_marker;
    std::string upload_id_marker;
    std::string next_key_marker;
    std::string next_upload_id_marker;
    int max_uploads = 1000;
    bool truncated = false;
    KeyEncoding encoding = KeyEncoding::none;
    std::vector<UploadEntry> uploads;
    std::vector<std::string> common_prefixes;
};
std::string print(const ListMultipartUploadsResult& result);

}  // namespace cloudshelf::s3
