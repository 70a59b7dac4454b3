#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

inline constexpr std::size_t delete_objects_max = 1000;

struct ObjectToDelete {
    std::string key;
    std::optional<std::string> version_id = {};
    std::optional<std::string> etag = {};  // without quotes: deleted only if it is this one
    bool operator==(const ObjectToDelete&) const = default;
};

/// Body of DeleteObjects.
struct Delete {
    std::vector<ObjectToDelete> objects;
    bool quiet = false;
    bool operator==(const Delete&) const = default;
};
/// Errors: MalformedXML, also for none or more than 1,000 objects; UserKeyMustBeSpecified for an empty key;
/// NotImplemented for the conditions LastModifiedTime and Size. At most 4 MiB.
Result<Delete> parse_delete(std::string_view body);
std::string print(const Delete& request);

/// What became of one object: deleted or, where there is a code, not.
struct DeleteOutcome {
    std::string key;
    std::optional<std::string> version_id = {};
    bool delete_marker = false;
    std::optional<std::string> delete_marker_version_id = {};
    std::string error_code = {};
    std::string error_message = {};
    bool operator==(const DeleteOutcome&) const = default;
};

/// Answer of DeleteObjects; a quiet request wants the errors only, and the caller leaves out the rest.
struct DeleteResult {
    std::vector<DeleteOutcome> outcomes;
};
std::string print(const DeleteResult& result);

}  // namespace cloudshelf::s3
