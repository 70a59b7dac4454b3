#pragma once

#include "base/result.hpp"
#include "base/strong.hpp"
#include "core/hybrid_clock.hpp"
#include "core/object_lock.hpp"
#include "region/contents/name.hpp"
#include "region/log/entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::objects {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The id of versions made while a bucket had no versioning, or a suspended one: a key has one such at most.
inline constexpr std::string_view null_id = "null";

/// A part of an object's bytes: one content, whole.
struct Piece {
    contents::ContentName content;
    std::uint64_t length = 0;
    bool operator==(const Piece&) const = default;
};

/// A part as it was uploaded, which `?partNumber=` and GetObjectAttributes still know.
struct Part {
    std::uint16_t number = 0;
    std::uint64_t size = 0;
    std::string checksum;  // base64; empty: none
    bool operator==(const Part&) const = default;
};

/// What a client gave, or asked for, to check the bytes by. All empty: nothing.
struct StoredChecksum {
    std::string algorithm;  // "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"
    std::string type;       // "FULL_OBJECT", "COMPOSITE"
    std::string value;      // base64, of a composite one with "-N" behind it
    bool operator==(const StoredChecksum&) const = default;
};

/// Where a version is to be replicated to, as the bucket's rules said when it was written.
struct Destination {
    std::string bucket;
    std::string storage_class;  // empty: the source's
    std::string key_id;         // empty: the destination's default
    bool operator==(const Destination&) const = default;
};

/// One version of an object, or a delete marker: all but its bytes.
struct Version {
    std::string key;
    std::string id;             // null_id, or of its stamp
    core::HybridStamp stamp;    // of the write: the versions of a key are in this order, in every region
    core::HybridStamp changed;  // of the last change of tags, lock or owner's access: the last change wins
    bool delete_marker = false;
    std::int64_t modified_ms = 0;  // Last-Modified, since 1970; a replica has its source's
    std::string etag;              // without quotes
    std::uint64_t size = 0;
    std::vector<Piece> pieces;
    std::vector<Part> parts;    // empty: not of a multipart upload
    std::string upload_id;      // of the upload it came of, so that a repeated completion finds it; empty: of none
    Pairs headers;              // Content-Type, …, x-amz-meta-…: as they are answered
    std::string storage_class;  // empty: STANDARD
    Pairs tags;
    StoredChecksum checksum;
    std::string encryption;  // "AES256" or "aws:kms"
    std::string key_id;      // of aws:kms
    std::string owner;       // an account's canonical id
    std::string acl;         // a canned one's name, or a list as a document (acl.hpp); empty: private
    core::ObjectLock lock;
    bool replica = false;                   // came from another region: is not replicated on
    std::vector<Destination> destinations;  // empty: not replicated
    changelog::Position logged;             // its place in our log, when it has destinations
    bool operator==(const Version&) const = default;
};

/// The id of a version that was written at this moment: S3's are opaque, ours carry the moment.
std::string version_id(const core::HybridStamp& stamp);
/// The opposite; nothing for what is no id of ours (null_id among it).
std::optional<core::HybridStamp> stamp_of(std::string_view id);

/// A version as bytes, for storage and for the log.
std::string encode_version(const Version& version);
/// Errors: "objects.bad-record".
Result<Version> decode_version(std::string_view bytes);

}  // namespace cloudshelf::objects
