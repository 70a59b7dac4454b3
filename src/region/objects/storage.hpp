#pragma once

#include "base/result.hpp"
#include "core/hybrid_clock.hpp"
#include "region/contents/name.hpp"
#include "region/log/change_log.hpp"
#include "region/objects/bucket.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Where everything lies in the change log's database. All numbers big-endian, so that bytes sort as they do.
///
/// | family       | key                                       | value                                               |
/// | ------------ | ----------------------------------------- | --------------------------------------------------- |
/// | "data"       | bucket, object key                        | encode_version of the newest, if it is no marker    |
/// | "versions"   | bucket, object key, stamp, newest first   | encode_version                                      |
/// | "nulls"      | bucket, object key                        | the stamp of its version with the id "null"         |
/// | "uploads"    | bucket, object key, upload id             | encode_upload                                       |
/// | "parts"      | upload id, part number                    | encode_part                                         |
/// | "references" | content, who refers to it                 | nothing                                             |
/// | "catalogue"  | "bucket/" name; "next"                    | encode_bucket; next BucketNumber                    |
/// | "failures"   | bucket, object key, stamp                 | why it could not be replicated                      |
namespace cloudshelf::objects {

/// The families, once for an open log.
struct Storage {
    changelog::Family data, versions, nulls, uploads, parts, references, catalogue, failures;

    /// For ChangeLog::Options::families.
    static std::vector<std::string> names();
    /// Errors: "log.no-family".
    static Result<Storage> of(const changelog::ChangeLog& log);
};

/// What all keys of a bucket begin with, in "data", "versions", "nulls", "uploads" and "failures".
std::string bucket_prefix(BucketNumber bucket);
/// … and those of the objects whose key begins with `prefix`, whatever follows.
std::string key_prefix(BucketNumber bucket, std::string_view prefix);
/// The place of an object in "data" and "nulls", and what all its places in the others begin with. Places sort as
/// objects' keys do, bytewise: a zero byte in a key becomes 00 FF, and 00 01 ends it.
std::string object_place(BucketNumber bucket, std::string_view key);
/// The place of a version in "versions" and "failures".
std::string version_place(BucketNumber bucket, std::string_view key, const core::HybridStamp& stamp);
/// The place of an upload in "uploads".
std::string upload_place(BucketNumber bucket, std::string_view key, std::string_view upload);
/// The place of a part in "parts".
std::string part_place(std::string_view upload, std::uint16_t number);
/// What all parts of an upload begin with.
std::string parts_prefix(std::string_view upload);

/// The object's key out of a place that begins with `object_place`, and what follows it. Errors: "objects.bad-record".
struct PlaceParts {
    std::string key;
    std::string_view rest;  // of `place`
};
Result<PlaceParts> read_place(std::string_view place);

/// The places of references to a content begin so.
std::string reference_prefix(const contents::ContentName& content);
/// The reference of a version, or of a part, whose place is given.
std::string reference_place(const contents::ContentName& content, char kind, std::string_view place);
inline constexpr char version_reference = 'v';
inline constexpr char part_reference = 'p';

/// The smallest text that sorts behind all that begin with `prefix`; empty: there is none.
std::string behind_all(std::string_view prefix);

}  // namespace cloudshelf::objects
