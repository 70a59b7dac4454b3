#include "core/object_access.hpp"

namespace cloudshelf::core {

bool may_access(const AccessQuestion& question) {
    if (question.policy == PolicyVerdict::deny) return false;
    const bool policy_allows = question.policy == PolicyVerdict::allow;
    if (question.anonymous) return policy_allows || question.acl_grants;
    if (question.own_account) return question.key_permits || policy_allows;
    return question.key_permits && (policy_allows || question.acl_grants);
}

}  // namespace cloudshelf::core
