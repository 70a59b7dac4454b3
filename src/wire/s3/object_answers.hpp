#pragma once

#include "wire/s3/checksum_elements.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Answers about one object. ETags are without quotes.
namespace cloudshelf::s3 {

/// Answer of CopyObject.
struct CopyObjectResult {
    std::string etag;
    std::int64_t modified_ms = 0;
    ChecksumElements checksums = {};
};
std::string print(const CopyObjectResult& result);

/// Answer of UploadPartCopy.
struct CopyPartResult {
    std::string etag;
    std::int64_t modified_ms = 0;
    ChecksumElements checksums = {};
};
std::string print(const CopyPartResult& result);

struct ObjectPart {
    int number = 0;
    std::int64_t size = 0;
    ChecksumElements checksums = {};
};

/// The parts of an object that was uploaded in parts; pages of them where parts have checksums.
struct ObjectParts {
    int total = 0;
    int part_number_marker = 0;
    int next_part_number_marker = 0;
    int max_parts = 1000;
    bool truncated = false;
    std::vector<ObjectPart> parts = {};
};

/// Answer of GetObjectAttributes: what was asked for by x-amz-object-attributes is set. Its ETag has no quotes.
struct ObjectAttributes {
    std::optional<std::string> etag = {};
    std::optional<ChecksumElements> checksums = {};
    std::optional<ObjectParts> parts = {};
    std::optional<std::string> storage_class = {};
    std::optional<std::int64_t> size = {};
};
std::string print(const ObjectAttributes& attributes);

}  // namespace cloudshelf::s3
