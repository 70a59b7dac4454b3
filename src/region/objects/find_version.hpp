#pragma once

#include "region/objects/operation.hpp"
#include "region/objects/version.hpp"
#include "wire/s3/date.hpp"

#include <expected>
#include <string_view>

namespace cloudshelf::objects {

/// The version that a request on an object is about: that of `versionId`, for which `version_action` has to be
/// permitted besides, or the newest. Errors: NoSuchKey (with x-amz-delete-marker where it was deleted), NoSuchVersion,
/// MethodNotAllowed for a delete marker by its id, InvalidArgument, AccessDenied; where a key is missing, and the
/// caller may not list the bucket, AccessDenied too.
std::expected<Version, Refusal> find_asked_version(const Call& call, std::string_view version_action);

/// An object's bytes could not be read: says so to whoever watches.
void report_unreadable(Service& service, const Error& error);

/// Last-Modified, and what conditions on it are compared with.
s3::Seconds modified(const Version& version);

}  // namespace cloudshelf::objects
