#include "region/objects/documents.hpp"

#include "wire/s3/checksum_headers.hpp"
#include "wire/s3/errors.hpp"

namespace cloudshelf::objects {

Result<void> check_document_digest(const Call& call) {
    const auto md5 = s3::content_md5(call.request.headers);
    if (!md5) return fail(md5.error());
    if (*md5 && **md5 != s3::Digest::of(s3::ChecksumAlgorithm::md5, call.request.body))
        return fail(s3::errors::bad_digest());
    const auto checksum = s3::body_checksum(call.request.headers);
    if (!checksum) return fail(checksum.error());
    if (!*checksum || (*checksum)->in_trailer) return {};
    if ((*checksum)->raw == s3::Digest::of((*checksum)->algorithm, call.request.body)) return {};
    return fail(s3::errors::bad_digest());
}

}  // namespace cloudshelf::objects
