// Goal: each row of S3's rules of access, and that nothing outweighs a denial.
#include "core/object_access.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

constexpr AccessQuestion owner{.own_account = true, .key_permits = true};
constexpr AccessQuestion stranger{.key_permits = true};
constexpr AccessQuestion nobody{.anonymous = true};

AccessQuestion with(AccessQuestion question, PolicyVerdict policy) {
    question.policy = policy;
    return question;
}

TEST(ObjectAccess, owners_need_their_key_or_the_policy) {
    EXPECT_TRUE(may_access(owner));
    EXPECT_FALSE(may_access({.own_account = true, .key_permits = false}));
    EXPECT_TRUE(may_access({.own_account = true, .policy = PolicyVerdict::allow}));
}

TEST(ObjectAccess, others_need_to_be_let_in) {
    EXPECT_FALSE(may_access(stranger));
    EXPECT_TRUE(may_access(with(stranger, PolicyVerdict::allow)));
    EXPECT_TRUE(may_access({.key_permits = true, .acl_grants = true}));
    EXPECT_FALSE(may_access({.policy = PolicyVerdict::allow})) << "a key that may only read does not write elsewhere";
    EXPECT_FALSE(may_access({.acl_grants = true}));
}

TEST(ObjectAccess, anonymous_requests_need_to_be_public) {
    EXPECT_FALSE(may_access(nobody));
    EXPECT_TRUE(may_access(with(nobody, PolicyVerdict::allow)));
    EXPECT_TRUE(may_access({.anonymous = true, .acl_grants = true}));
    EXPECT_FALSE(may_access({.anonymous = true, .key_permits = true})) << "there is no key";
}

TEST(ObjectAccess, a_denial_is_the_last_word) {
    for (AccessQuestion question : {owner, stranger, nobody}) {
        question.acl_grants = true;
        EXPECT_FALSE(may_access(with(question, PolicyVerdict::deny)));
    }
}

}  // namespace
}  // namespace cloudshelf::core
