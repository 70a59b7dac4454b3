#include "base/assert.hpp"
#include "wire/s3/access_control.hpp"
#include "wire/s3/cors.hpp"
#include "wire/s3/encryption.hpp"
#include "wire/s3/error_document.hpp"
#include "wire/s3/lifecycle.hpp"
#include "wire/s3/listing.hpp"
#include "wire/s3/location.hpp"
#include "wire/s3/multi_delete.hpp"
#include "wire/s3/multipart.hpp"
#include "wire/s3/object_lock.hpp"
#include "wire/s3/public_access.hpp"
#include "wire/s3/replication.hpp"
#include "wire/s3/tagging.hpp"
#include "wire/s3/versioning.hpp"
#include "wire/s3/website.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

/// What can be read is written, and read as the same; the same is written the same.
void stable(std::string_view text, auto parse) {
    const auto read = parse(text);
    if (!read) return;
    const auto written = print(*read);
    const auto again = parse(written);
    CLOUDSHELF_ASSERT(again && *again == *read);
    CLOUDSHELF_ASSERT(print(*again) == written);
}

}  // namespace

/// Any bytes as each of the documents.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf::s3;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (!read_xml(text)) return 0;
    stable(text, parse_create_bucket_configuration);
    stable(text, parse_versioning_configuration);
    stable(text, [](std::string_view each) { return parse_tagging(each, object_tags_max); });
    stable(text, parse_lifecycle_configuration);
    stable(text, parse_server_side_encryption_configuration);
    stable(text, parse_cors_configuration);
    stable(text, parse_website_configuration);
    stable(text, parse_replication_configuration);
    stable(text, parse_object_lock_configuration);
    stable(text, parse_retention);
    stable(text, parse_legal_hold);
    stable(text, parse_delete);
    stable(text, parse_complete_multipart_upload);
    stable(text, parse_access_control_policy);
    stable(text, parse_public_access_block_configuration);
    stable(text, parse_ownership_controls);
    stable(text, parse_list_objects_v2);
    stable(text, parse_error_document);
    return 0;
}
