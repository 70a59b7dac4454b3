#include "wire/s3/errors.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace cloudshelf::s3 {
namespace {

struct Known {
    std::string_view code;
    int status;
    std::string_view message;
};

constexpr auto all_known = std::to_array<Known>({
    {"NoSuchBucket", 404, "The specified bucket does not exist"},
    {"NoSuchKey", 404, "The specified key does not exist."},
    {"NoSuchVersion", 404, "The specified version does not exist."},
    {"NoSuchUpload",
     404,
     "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
     "completed."},
    {"BucketAlreadyExists",
     409,
     "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please "
     "select a different name and try again."},
    {"BucketAlreadyOwnedByYou",
     409,
     "Your previous request to create the named bucket succeeded and you already own it."},
    {"BucketNotEmpty", 409, "The bucket you tried to delete is not empty"},
    {"InvalidBucketName", 400, "The specified bucket is not valid."},
    {"KeyTooLongError", 400, "Your key is too long"},
    {"EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size"},
    {"EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"},
    {"InvalidPart",
     400,
     "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
     "entity tag may not match the part's entity tag."},
    {"InvalidPartOrder", 400, "The list of parts was not in ascending order. Parts must be ordered by part number."},
    {"InvalidPartNumber", 416, "The requested partnumber is not satisfiable"},
    {"InvalidRange", 416, "The requested range is not satisfiable"},
    {"PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"},
    {"NotModified", 304, "Not Modified"},
    {"ConditionalRequestConflict",
     409,
     "The conditional request cannot succeed due to a conflicting operation against this resource."},
    {"OperationAborted",
     409,
     "A conflicting conditional operation is currently in progress against this resource. Please try again."},
    {"AccessDenied", 403, "Access Denied"},
    {"AccessForbidden", 403, "CORSResponse: This CORS request is not allowed."},
    {"NoSuchConfiguration", 404, "The specified configuration does not exist."},
    {"SignatureDoesNotMatch",
     403,
     "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    },
    {"InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."},
    {"InvalidSecurity", 403, "The provided security credentials are not valid."},
    {"RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large."},
    {"ExpiredToken", 400, "The provided token has expired."},
    {"InvalidToken", 400, "The provided token is malformed or otherwise invalid."},
    {"MissingSecurityHeader", 400, "Your request was missing a required header"},
    {"AuthorizationHeaderMalformed",
     400,
     "The authorization header is malformed; the authorization header requires three components: Credential, "
     "SignedHeaders, and Signature."},
    {"AuthorizationQueryParametersError",
     400,
     "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
     "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."},
    {"MissingContentLength", 411, "You must provide the Content-Length HTTP header."},
    {"IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header"},
    {"BadDigest", 400, "The Content-MD5 you specified did not match what we received."},
    {"InvalidDigest", 400, "The Content-MD5 you specified was invalid."},
    {"XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' header does not match what was computed."},
    {"XAmzContentChecksumMismatch", 400, "The provided 'x-amz-checksum' header does not match what was computed."},
    {"InvalidArgument", 400, "Invalid Argument"},
    {"InvalidRequest", 400, "Invalid Request"},
    {"InvalidRedirectLocation",
     400,
     "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."},
    {"BadRequest", 400, "Bad Request"},
    {"InvalidTag",
     400,
     "The tag provided was not a valid tag. This error can occur if the tag did not pass input validation."},
    {"MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema"},
    {"MalformedPolicy", 400, "This policy contains invalid Json"},
    {"MalformedACLError",
     400,
     "The XML you provided was not well-formed or did not validate against our published schema"},
    {"MaxPostPreDataLengthExceededError", 400, "Your POST request fields preceding the upload file were too large."},
    {"IncorrectNumberOfFilesInPostRequest", 400, "POST requires exactly one file upload per request."},
    {"InvalidPolicyDocument",
     400,
     "The content of the form does not meet the conditions specified in the policy document."},
    {"MalformedPOSTRequest", 400, "The body of your POST request is not well-formed multipart/form-data."},
    {"MissingRequestBodyError", 400, "Request body is empty."},
    {"UserKeyMustBeSpecified",
     400,
     "The bucket POST must contain the specified field name. If it is specified, please check the order of the fields."
    },
    {"UnresolvableGrantByEmailAddress", 400, "The e-mail address you provided does not match any account on record."},
    {"MethodNotAllowed", 405, "The specified method is not allowed against this resource."},
    {"NotImplemented", 501, "A header you provided implies functionality that is not implemented"},
    {"NoSuchTagSet", 404, "The TagSet does not exist"},
    {"NoSuchLifecycleConfiguration", 404, "The lifecycle configuration does not exist"},
    {"NoSuchCORSConfiguration", 404, "The CORS configuration does not exist"},
    {"NoSuchWebsiteConfiguration", 404, "The specified bucket does not have a website configuration"},
    {"NoSuchBucketPolicy", 404, "The bucket policy does not exist"},
    {"ReplicationConfigurationNotFoundError", 404, "The replication configuration was not found"},
    {"ServerSideEncryptionConfigurationNotFoundError", 404, "The server side encryption configuration was not found"},
    {"ObjectLockConfigurationNotFoundError", 404, "Object Lock configuration does not exist for this bucket"},
    {"NoSuchObjectLockConfiguration", 404, "The specified object does not have a ObjectLock configuration"},
    {"NoSuchPublicAccessBlockConfiguration", 404, "The public access block configuration was not found"},
    {"OwnershipControlsNotFoundError", 404, "The bucket ownership controls were not found"},
    {"AccessControlListNotSupported", 400, "The bucket does not allow ACLs"},
    {"InvalidBucketAclWithObjectOwnership",
     400,
     "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"},
    {"IllegalVersioningConfigurationException", 400, "The Versioning element must be specified"},
    {"InvalidBucketState", 409, "The request is not valid with the current state of the bucket."},
    {"InvalidObjectState", 403, "The operation is not valid for the object's storage class"},
    {"RestoreAlreadyInProgress", 409, "Object restore is already in progress"},
    {"InternalError", 500, "We encountered an internal error. Please try again."},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"ServiceUnavailable", 503, "Service is unable to handle request."},
    {"RequestTimeout",
     400,
     "Your socket connection to the server was not read from or written to within the timeout period. Idle connections "
     "will be closed."},
    {"IllegalLocationConstraintException",
     400,
     "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."},
    {"InvalidLocationConstraint", 400, "The specified location-constraint is not valid"},
    {"UnsupportedArgument", 400, "The request contained an unsupported argument."},
    {"InvalidStorageClass", 400, "The storage class you specified is not valid"},
    {"InvalidEncryptionAlgorithmError",
     400,
     "The encryption request you specified is not valid. The valid value is AES256."},
    {"KMS.NotFoundException", 400, "Invalid keyId"},
    {"KMS.DisabledException", 400, "The request was rejected because the specified KMS key is not enabled."},
    {"MaxMessageLengthExceeded", 400, "Your request was too big."},
    {"MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size"},
    {"RequestHeaderSectionTooLarge", 400, "Your request header section exceeds the maximum allowed size."},
    {"InvalidURI", 400, "Couldn't parse the specified URI."},
    {"PermanentRedirect",
     301,
     "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future "
     "requests to this endpoint."},
    {"TemporaryRedirect",
     307,
     "Please re-send this request to the specified temporary endpoint. Continue to use the original request endpoint "
     "for future requests."},
    {"TooManyBuckets", 400, "You have attempted to create more buckets than allowed"},
});

const Known* find(std::string_view code) {
    const auto* found = std::ranges::find(all_known, code, &Known::code);
    return found == all_known.end() ? nullptr : found;
}

/// What a client does well to try again as it is.
bool is_retryable(std::string_view code, int status) {
    return status >= 500
               ? code != "NotImplemented"
               : code == "RequestTimeout" || code == "OperationAborted" || code == "ConditionalRequestConflict";
}

}  // namespace

namespace errors {

Error named(std::string_view code, std::string message) {
    const auto* known = find(code);
    if (known && message.empty()) message = known->message;
    return {
        .code = std::string(code),
        .message = std::move(message),
        .retryable = known && is_retryable(known->code, known->status),
    };
}

Error no_such_bucket() {
    return named("NoSuchBucket");
}
Error no_such_key() {
    return named("NoSuchKey");
}
Error no_such_version() {
    return named("NoSuchVersion");
}
Error no_such_upload() {
    return named("NoSuchUpload");
}
Error bucket_already_exists() {
    return named("BucketAlreadyExists");
}
Error bucket_already_owned_by_you() {
    return named("BucketAlreadyOwnedByYou");
}
Error bucket_not_empty() {
    return named("BucketNotEmpty");
}
Error invalid_bucket_name() {
    return named("InvalidBucketName");
}
Error key_too_long() {
    return named("KeyTooLongError");
}
Error entity_too_large() {
    return named("EntityTooLarge");
}
Error entity_too_small() {
    return named("EntityTooSmall");
}
Error invalid_part() {
    return named("InvalidPart");
}
Error invalid_part_order() {
    return named("InvalidPartOrder");
}
Error invalid_part_number() {
    return named("InvalidPartNumber");
}
Error invalid_range() {
    return named("InvalidRange");
}
Error precondition_failed() {
    return named("PreconditionFailed");
}
Error operation_aborted() {
    return named("OperationAborted");
}
Error access_denied() {
    return named("AccessDenied");
}
Error signature_does_not_match() {
    return named("SignatureDoesNotMatch");
}
Error invalid_access_key_id() {
    return named("InvalidAccessKeyId");
}
Error request_time_too_skewed() {
    return named("RequestTimeTooSkewed");
}
Error invalid_token() {
    return named("InvalidToken");
}
Error missing_security_header() {
    return named("MissingSecurityHeader");
}
Error authorization_header_malformed(std::string message) {
    return named("AuthorizationHeaderMalformed", std::move(message));
}
Error authorization_query_parameters(std::string message) {
    return named("AuthorizationQueryParametersError", std::move(message));
}
Error missing_content_length() {
    return named("MissingContentLength");
}
Error incomplete_body() {
    return named("IncompleteBody");
}
Error bad_digest(std::string message) {
    return named("BadDigest", std::move(message));
}
Error invalid_digest() {
    return named("InvalidDigest");
}
Error content_sha256_mismatch() {
    return named("XAmzContentSHA256Mismatch");
}
Error invalid_argument(std::string message) {
    return named("InvalidArgument", std::move(message));
}
Error invalid_request(std::string message) {
    return named("InvalidRequest", std::move(message));
}
Error bad_request(std::string message) {
    return named("BadRequest", std::move(message));
}
Error invalid_header(std::string_view name) {
    return invalid_request("Value for " + std::string(name) + " header is invalid.");
}
Error invalid_redirect_location(std::string message) {
    return named("InvalidRedirectLocation", std::move(message));
}
Error too_many_tags(std::string_view what, std::size_t tags_max) {
    return bad_request(std::string(what) + " tags cannot be greater than " + std::to_string(tags_max));
}
Error post_without_form() {
    return named("PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data");
}
Error invalid_tag(std::string message) {
    return named("InvalidTag", std::move(message));
}
Error malformed_xml() {
    return named("MalformedXML");
}
Error malformed_policy(std::string message) {
    return named("MalformedPolicy", std::move(message));
}
Error malformed_acl() {
    return named("MalformedACLError");
}
Error malformed_post_request(std::string message) {
    return named("MalformedPOSTRequest", std::move(message));
}
Error user_key_must_be_specified() {
    return named("UserKeyMustBeSpecified");
}
Error unresolvable_grant_by_email_address() {
    return named("UnresolvableGrantByEmailAddress");
}
Error method_not_allowed() {
    return named("MethodNotAllowed");
}
Error not_implemented(std::string message) {
    return named("NotImplemented", std::move(message));
}
Error no_such_website_configuration() {
    return named("NoSuchWebsiteConfiguration");
}
Error no_such_bucket_policy() {
    return named("NoSuchBucketPolicy");
}
Error object_lock_configuration_not_found() {
    return named("ObjectLockConfigurationNotFoundError");
}
Error no_such_object_lock_configuration() {
    return named("NoSuchObjectLockConfiguration");
}
Error access_control_list_not_supported() {
    return named("AccessControlListNotSupported");
}
Error invalid_bucket_acl_with_object_ownership() {
    return named("InvalidBucketAclWithObjectOwnership");
}
Error illegal_versioning_configuration(std::string message) {
    return named("IllegalVersioningConfigurationException", std::move(message));
}
Error invalid_bucket_state(std::string message) {
    return named("InvalidBucketState", std::move(message));
}
Error internal() {
    return named("InternalError");
}
Error service_unavailable() {
    return named("ServiceUnavailable");
}
Error illegal_location_constraint(std::string message) {
    return named("IllegalLocationConstraintException", std::move(message));
}
Error invalid_location_constraint() {
    return named("InvalidLocationConstraint");
}
Error invalid_storage_class() {
    return named("InvalidStorageClass");
}
Error invalid_encryption_algorithm() {
    return named("InvalidEncryptionAlgorithmError");
}
Error kms_key_not_found(std::string message) {
    return named("KMS.NotFoundException", std::move(message));
}
Error metadata_too_large() {
    return named("MetadataTooLarge");
}
Error invalid_uri() {
    return named("InvalidURI");
}
}  // namespace errors

int http_status(std::string_view code) {
    const auto* known = find(code);
    return known ? known->status : 400;
}

}  // namespace cloudshelf::s3
