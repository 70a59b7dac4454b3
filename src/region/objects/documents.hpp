#pragma once

#include "region/objects/operation.hpp"

namespace cloudshelf::objects {

/// Content-MD5 and x-amz-checksum-… of a body that is a document, where the request has them. Errors: BadDigest,
/// InvalidDigest, InvalidRequest.
Result<void> check_document_digest(const Call& call);

}  // namespace cloudshelf::objects
