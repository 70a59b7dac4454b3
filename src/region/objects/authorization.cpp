#include "region/objects/authorization.hpp"

namespace cloudshelf::objects {

core::PolicyVerdict policy_verdict(const AccessRequest&) {
    return core::PolicyVerdict::none;
}

bool acl_grants(const AccessRequest&) {
    return false;
}

}  // namespace cloudshelf::objects
