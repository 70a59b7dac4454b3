#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

/// S3's errors by name (S3 API reference, "Error responses"). An Error's code is the document's `Code`; the message is
/// the one that S3 gives or documents. Where S3 has many messages for a code, another may be handed in.
namespace cloudshelf::s3 {

namespace errors {

/// Any of S3's codes; `message` empty: the one S3 documents. A code that isn't known has no message of its own.
Error named(std::string_view code, std::string message = {});

Error no_such_bucket();
Error no_such_key();
Error no_such_version();
Error no_such_upload();
Error bucket_already_exists();
Error bucket_already_owned_by_you();
Error bucket_not_empty();
Error invalid_bucket_name();
Error key_too_long();
Error entity_too_large();
Error entity_too_small();
Error invalid_part();
Error invalid_part_order();
Error invalid_part_number();
Error invalid_range();
Error precondition_failed();
Error operation_aborted();
Error access_denied();
Error signature_does_not_match();
Error invalid_access_key_id();
Error request_time_too_skewed();
Error invalid_token();
Error missing_security_header();
Error authorization_header_malformed(std::string message = {});
Error authorization_query_parameters(std::string message = {});
Error missing_content_length();
Error incomplete_body();
Error bad_digest(std::string message = {});
Error invalid_digest();
Error content_sha256_mismatch();
Error invalid_argument(std::string message = {});
Error invalid_request(std::string message = {});
/// A header of a closed set of values, or of a form of its own, has another one.
Error invalid_header(std::string_view name);
Error invalid_redirect_location(std::string message);
Error bad_request(std::string message = {});
Error invalid_tag(std::string message = {});
/// `what`: "Object" or "Bucket".
Error too_many_tags(std::string_view what, std::size_t tags_max);
Error malformed_xml();
Error malformed_policy(std::string message = {});
Error malformed_acl();
Error malformed_post_request(std::string message = {});
/// A POST on a bucket that is no form.
Error post_without_form();
Error user_key_must_be_specified();
Error unresolvable_grant_by_email_address();
Error method_not_allowed();
Error not_implemented(std::string message = {});
Error no_such_website_configuration();
Error no_such_bucket_policy();
Error object_lock_configuration_not_found();
Error no_such_object_lock_configuration();
Error access_control_list_not_supported();
Error invalid_bucket_acl_with_object_ownership();
Error illegal_versioning_configuration(std::string message = {});
Error invalid_bucket_state(std::string message = {});
Error internal();
Error service_unavailable();
Error illegal_location_constraint(std::string message = {});
Error invalid_location_constraint();
Error invalid_storage_class();
Error invalid_encryption_algorithm();
Error kms_key_not_found(std::string message = {});
Error metadata_too_large();
Error invalid_uri();

}  // namespace errors

/// The status of a code's answer; 400 for a code that isn't known.
int http_status(std::string_view code);

}  // namespace cloudshelf::s3
