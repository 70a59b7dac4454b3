#pragma once

#include "core/object_access.hpp"
#include "io/http.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/version.hpp"

#include <optional>
#include <string_view>

/// What a bucket's documents say of who may do what.
namespace cloudshelf::objects {

/// A request as policies and access control lists see it. Made for one question.
struct AccessRequest {
    const Call& call;
    std::string_view action;  // "s3:GetObject"
    Operation::On on = Operation::On::bucket;
    std::string_view key;  // of the object, where it is on one
    /// The version it is about, for actions that need to know it (`needs_version`); nothing where there is none.
    std::optional<Version> version = {};
    /// It is about what the request makes, which nobody owns and no list is for yet, rather than what is there.
    bool of_new = false;
};

/// Whether the answer depends on the version that is there: its access control list, its owner, its tags.
bool needs_version(const AccessRequest& request);
/// The version that the call's `versionId` names, else the newest; nothing where there is none, or a delete marker.
std::optional<Version> version_in_question(const AccessRequest& request);

/// What the bucket's policy says. Precondition: the call has a bucket.
core::PolicyVerdict policy_verdict(const AccessRequest& request);
/// Whether the bucket's access control list, or the object's, gives the action to whoever asks.
bool acl_grants(const AccessRequest& request);
/// Who may do it by the word of a key alone: the bucket's owner; for what access control lists of objects are about,
/// the owner of the object.
std::string_view owner_of(const AccessRequest& request);

}  // namespace cloudshelf::objects
