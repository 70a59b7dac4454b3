#include "region/objects/settings_operations.hpp"

namespace cloudshelf::objects {

void add_settings_operations(Operations& to) {
    add_document_operations(to);
    add_versioning_operations(to);
    add_bucket_access_operations(to);
    add_unkept_operations(to);
    add_cors_operations(to);
}

}  // namespace cloudshelf::objects
