#pragma once

#include "region/objects/operation.hpp"

/// What add_settings_operations consists of: each in the file of that name.
namespace cloudshelf::objects {

void add_document_operations(Operations& to);       // document_operations.cpp: tags, CORS, website, lifecycle, …
void add_versioning_operations(Operations& to);     // versioning_operations.cpp: versioning, object lock
void add_bucket_access_operations(Operations& to);  // bucket_access_operations.cpp: policy, its status, ACL
void add_unkept_operations(Operations& to);         // unkept_operations.cpp: what we don't have, as S3 says it
void add_cors_operations(Operations& to);           // cors_operations.cpp: preflight requests

}  // namespace cloudshelf::objects
