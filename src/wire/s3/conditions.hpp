#pragma once

#include "base/result.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/header_list.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Conditional requests (RFC 9110 §13; S3 User Guide, "Conditional requests").
namespace cloudshelf::s3 {

/// The texts of the four headers, as they came.
struct Conditions {
    std::optional<std::string> if_match;
    std::optional<std::string> if_none_match;
    std::optional<std::string> if_modified_since;
    std::optional<std::string> if_unmodified_since;
};

/// If-Match and the others.
Conditions request_conditions(HeaderList headers);
/// x-amz-copy-source-if-match and the others.
Conditions copy_source_conditions(HeaderList headers);

/// proceed; not_modified: 304; failed: 412.
enum class Precondition : std::uint8_t { proceed, not_modified, failed };

/// Of GetObject and HeadObject, of an object that exists, in the precedence of RFC 9110 §13.2.2. `etag`: of the object,
/// in quotes. Lists, "*", weak tags and tags without quotes are understood; If-Match compares strongly (a weak tag is
/// never the object's), If-None-Match weakly. Dates that are none count as not given.
Precondition check_read(const Conditions& conditions, std::string_view etag, Seconds last_modified);

/// The same of a copy's source. Errors: PreconditionFailed, also where a read would be answered with 304.
Result<void> check_copy_source(const Conditions& conditions, std::string_view etag, Seconds last_modified);

/// Of PutObject, CompleteMultipartUpload, CopyObject's target and DeleteObject. `etag`: of the object that would be
/// replaced; nothing where there is none or a delete marker. If-None-Match may only be "*". Errors: PreconditionFailed
/// where it exists, or is another; NoSuchKey for If-Match where there is none; NotImplemented for any other tag in
/// If-None-Match, for both headers at once, and for dates.
Result<void> check_write(const Conditions& conditions, std::optional<std::string_view> etag);

/// Whether `Range` counts (RFC 9110 §13.1.5): there is no If-Range, or it is the object's tag or its date exactly.
bool range_applies(std::optional<std::string_view> if_range, std::string_view etag, Seconds last_modified);

}  // namespace cloudshelf::s3
