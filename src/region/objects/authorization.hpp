#pragma once

#include "core/object_access.hpp"
#include "io/http.hpp"
#include "region/objects/operation.hpp"

#include <string_view>

/// What a bucket's documents say of who may do what.
namespace cloudshelf::objects {

/// A request as policies and access control lists see it.
struct AccessRequest {
    const Call& call;
    std::string_view action;  // "s3:GetObject"
    Operation::On on = Operation::On::bucket;
    std::string_view key;  // of the object, where it is on one
};

/// What the bucket's policy says. Precondition: the call has a bucket.
core::PolicyVerdict policy_verdict(const AccessRequest& request);
/// Whether the bucket's access control list, or the object's, gives the action to whoever asks.
bool acl_grants(const AccessRequest& request);

}  // namespace cloudshelf::objects
