// Goal: a list gives what it says, and nothing it is not asked for. Method: lists by name, by header and by document,
// and what buckets allow of them.
#include "region/objects/acl.hpp"

#include "wire/sigv4/credentials.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::objects {
namespace {

using enum s3::AclPermission;

const std::string alice(64, 'a'), bob(64, 'b');
const AclOwners bobs_in_alices{.object = bob, .bucket = alice};

Accounts accounts() {
    sigv4::Keyring keyring;
    for (const auto& [key, account, id] : {
             std::tuple{"ALICE", "111111111111", alice},
             std::tuple{"BOB", "222222222222", bob},
         }) {
        sigv4::Credentials credentials{.access_key_id = key, .secret_access_key = "x"};
        credentials.account = account;
        credentials.canonical_id = id;
        keyring[key] = credentials;
    }
    return Accounts(keyring);
}

KnownBucket bucket_with(std::optional<s3::ObjectOwnership> ownership) {
    KnownBucket bucket;
    bucket.owner = alice;
    if (ownership) bucket.settings.ownership = s3::OwnershipControls{.ownership = *ownership};
    return bucket;
}

TEST(Acl, CannedListsGiveWhatTheirNamesSay) {
    const Asker anybody{}, as_bob{.canonical_id = bob}, as_alice{.canonical_id = alice};
    const auto list = [](std::string_view name) { return canned_acl_of(name, bobs_in_alices); };
    EXPECT_FALSE(grants(list(""), anybody, read));
    EXPECT_TRUE(grants(list(""), as_bob, write_acp)) << "the owner has everything";
    EXPECT_FALSE(grants(list("private"), as_alice, read)) << "the bucket's owner has nothing of another's object";
    EXPECT_TRUE(grants(list("public-read"), anybody, read));
    EXPECT_FALSE(grants(list("public-read"), anybody, write));
    EXPECT_TRUE(grants(list("public-read-write"), anybody, write));
    EXPECT_FALSE(grants(list("authenticated-read"), anybody, read));
    EXPECT_TRUE(grants(list("authenticated-read"), as_alice, read));
    EXPECT_TRUE(grants(list("bucket-owner-read"), as_alice, read));
    EXPECT_FALSE(grants(list("bucket-owner-read"), as_alice, write_acp));
    EXPECT_TRUE(grants(list("bucket-owner-full-control"), as_alice, write_acp));
    EXPECT_FALSE(grants(list("public-read"), {.canonical_id = {}, .groups_count = false}, read)) << "ignored";
    EXPECT_TRUE(is_public(list("authenticated-read")));
    EXPECT_FALSE(is_public(list("bucket-owner-read")));
}

TEST(Acl, HeadersGrantToThoseTheyName) {
    const std::vector<std::pair<std::string, std::string>> headers{
        {"x-amz-grant-read", "id=\"" + alice + "\", uri=\"http://acs.amazonaws.com/groups/global/AllUsers\""},
        {"X-Amz-Grant-Full-Control", "id=" + alice},
    };
    const auto asked = asked_acl({.headers = headers, .owners = bobs_in_alices}, accounts());
    ASSERT_TRUE(asked && *asked);
    EXPECT_EQ((*asked)->list.grants.size(), 3u) << "and none for the owner, who named nobody else";
    EXPECT_TRUE(grants((*asked)->list, {.canonical_id = alice}, write));
    EXPECT_TRUE(grants((*asked)->list, {}, read));
    EXPECT_FALSE(grants((*asked)->list, {.canonical_id = bob}, write));
    EXPECT_EQ(s3::parse_access_control_policy((*asked)->text).value(), (*asked)->list);

    const auto refused = [](std::string value) {
        const std::vector<std::pair<std::string, std::string>> header{{"x-amz-grant-read", std::move(value)}};
        const auto answer = asked_acl({.headers = header, .owners = bobs_in_alices}, accounts());
        return answer ? std::string("taken") : answer.error().code;
    };
    EXPECT_EQ(refused("id=nobody"), "InvalidArgument");
    EXPECT_EQ(refused("uri=http://example.com/everybody"), "InvalidArgument");
    EXPECT_EQ(refused("emailAddress=\"a@example.com\""), "UnresolvableGrantByEmailAddress");
    EXPECT_EQ(refused("everybody"), "InvalidArgument");
}

TEST(Acl, NobodyPutsAListUnderAnothersName) {
    auto list = canned_acl_of("public-read", bobs_in_alices);
    list.owner.id = alice;
    const std::string body = s3::print(list);
    const auto asked = asked_acl({.headers = {}, .body = body, .owners = bobs_in_alices}, accounts());
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, "AccessDenied");
}

TEST(Acl, WhoOwnsANewObject) {
    using enum s3::ObjectOwnership;
    const std::vector<std::pair<std::string, std::string>> full{{"x-amz-acl", "bucket-owner-full-control"}};
    const std::vector<std::pair<std::string, std::string>> open{{"x-amz-acl", "public-read"}};
    const auto owner = [](std::optional<s3::ObjectOwnership> ownership, std::string_view writer, s3::HeaderList headers
                       ) {
        const auto access = access_of_new(bucket_with(ownership), writer, headers, accounts());
        return access ? access->owner : access.error().code;
    };
    EXPECT_EQ(owner(std::nullopt, bob, {}), bob);
    EXPECT_EQ(owner(std::nullopt, "", {}), alice) << "anonymous";
    EXPECT_EQ(owner(object_writer, bob, full), bob);
    EXPECT_EQ(owner(bucket_owner_preferred, bob, full), alice);
    EXPECT_EQ(owner(bucket_owner_preferred, bob, open), bob);
    EXPECT_EQ(owner(bucket_owner_enforced, bob, {}), alice);
    EXPECT_EQ(owner(bucket_owner_enforced, bob, full), alice);
    EXPECT_EQ(owner(bucket_owner_enforced, bob, open), "AccessControlListNotSupported");
}

TEST(Acl, DisabledListsCountForNothing) {
    auto bucket = bucket_with(s3::ObjectOwnership::bucket_owner_enforced);
    bucket.settings.acl = canned_acl_of("public-read", {.object = alice, .bucket = alice});
    EXPECT_FALSE(grants(acl_of(bucket), {}, read));
    const Version version{.owner = bob, .acl = "public-read"};
    EXPECT_FALSE(grants(acl_of(bucket, version), {}, read));
    EXPECT_TRUE(grants(acl_of(bucket, version), {.canonical_id = alice}, read));
    bucket.settings.ownership.reset();
    EXPECT_TRUE(grants(acl_of(bucket), {}, read));
    EXPECT_TRUE(grants(acl_of(bucket, version), {}, read));
}

TEST(Acl, AListThatCannotBeReadGivesNothing) {
    const Version version{.owner = bob, .acl = "<AccessControlPolicy>"};
    EXPECT_FALSE(grants(acl_of(bucket_with(std::nullopt), version), {.canonical_id = alice}, read));
}

}  // namespace
}  // namespace cloudshelf::objects
