// Goal: the rules send what they are for, and a replica is its source but for where and how it lies.
#include "region/objects/replica.hpp"

#include "region/objects/replication.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::objects {
namespace {

constexpr Here here{.site = 2, .now_ms = 100};

KnownBucket bucket_with_rules() {
    KnownBucket bucket;
    bucket.name = "books";
    bucket.versioning = Versioning::enabled;
    s3::ReplicationRule rule{.id = "shelf", .enabled = true, .priority = 1, .filter = {.prefix = "shelf/"}};
    rule.delete_markers = false;
    rule.destination.bucket_arn = "arn:aws:s3:::books-west";
    rule.destination.storage_class = "STANDARD_IA";
    bucket.settings.replication = s3::ReplicationConfiguration{.role = "r", .rules = {rule}};
    return bucket;
}

Version some_version() {
    Version version{.key = "shelf/dune", .stamp = {.wall_ms = 5, .counter = 0, .site = 1}};
    version.changed = version.stamp;
    version.encryption = "AES256";
    return version;
}

TEST(Replica, RulesChooseWhatTheyAreFor) {
    auto bucket = bucket_with_rules();
    const auto version = some_version();
    const std::vector<Destination> west{{.bucket = "books-west", .storage_class = "STANDARD_IA", .key_id = {}}};
    EXPECT_EQ(chosen_destinations(bucket, version, Occasion::now), west);
    EXPECT_TRUE(chosen_destinations(bucket, version, Occasion::existed).empty()) << "the rule is not for these";
    auto other = version;
    other.key = "dune";
    EXPECT_TRUE(chosen_destinations(bucket, other, Occasion::now).empty());
    other = version;
    other.delete_marker = true;
    EXPECT_TRUE(chosen_destinations(bucket, other, Occasion::now).empty());
    other = version;
    other.encryption = "aws:kms";
    EXPECT_TRUE(chosen_destinations(bucket, other, Occasion::now).empty()) << "only where the rule says so";
    bucket.versioning = Versioning::suspended;
    EXPECT_TRUE(chosen_destinations(bucket, version, Occasion::now).empty());
}

TEST(Replica, IsNotSentOnButItsChangesAreWhereARuleSaysSo) {
    auto bucket = bucket_with_rules();
    auto replica = some_version();
    replica.replica = true;
    EXPECT_TRUE(chosen_destinations(bucket, replica, Occasion::now).empty());
    replica.changed.wall_ms = 6;
    EXPECT_TRUE(chosen_destinations(bucket, replica, Occasion::now).empty());
    bucket.settings.replication->rules[0].replica_modifications = true;
    EXPECT_EQ(chosen_destinations(bucket, replica, Occasion::now).size(), 1u);
    EXPECT_EQ(chosen_destinations(bucket, replica, Occasion::again).size(), 1u) << "its change is what failed";
    replica.changed = replica.stamp;
    EXPECT_TRUE(chosen_destinations(bucket, replica, Occasion::again).empty()) << "as an object it is not";
    replica.delete_marker = true;
    EXPECT_TRUE(chosen_destinations(bucket, replica, Occasion::again).empty());
}

TEST(Replica, LiesAsRuleAndDestinationSay) {
    KnownBucket bucket;
    auto source = some_version();
    source.destinations = {{.bucket = "books-west", .storage_class = {}, .key_id = {}}};
    source.logged = changelog::Position(7);
    source.storage_class = "GLACIER_IR";
    const auto plain = make_replica(source, bucket, source.destinations[0]);
    EXPECT_TRUE(plain.replica);
    EXPECT_TRUE(plain.destinations.empty());
    EXPECT_EQ(plain.stamp, source.stamp);
    EXPECT_EQ(plain.storage_class, "GLACIER_IR");
    EXPECT_EQ(plain.encryption, "AES256");
    const auto keyed = make_replica(source, bucket, {.bucket = "b", .storage_class = "STANDARD", .key_id = "west-key"});
    EXPECT_EQ(keyed.storage_class, "STANDARD");
    EXPECT_EQ(keyed.encryption, "aws:kms");
    EXPECT_EQ(keyed.key_id, "west-key");
}

TEST(Replica, TheLaterChangeStays) {
    const auto ours = some_version();
    auto theirs = ours;
    theirs.tags = {{"shelf", "4"}};
    EXPECT_FALSE(with_later_changes(ours, theirs, here)) << "equally old";
    theirs.changed.wall_ms = 6;
    const auto changed = with_later_changes(ours, theirs, here);
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->tags, theirs.tags);
    EXPECT_EQ(changed->stamp, ours.stamp);
    EXPECT_FALSE(with_later_changes(*changed, ours, here));
}

TEST(Replica, KeepsTheRetentionThatARequestCouldNotShorten) {
    auto ours = some_version();
    ours.lock = {.mode = core::LockMode::governance, .until_ms = 200};
    auto theirs = ours;
    theirs.changed.wall_ms = 6;
    theirs.tags = {{"shelf", "4"}};
    theirs.lock = {};
    const auto kept = with_later_changes(ours, theirs, here);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->lock, ours.lock);
    EXPECT_EQ(kept->tags, theirs.tags) << "the rest of the change is taken";
    theirs.lock = {.mode = core::LockMode::governance, .until_ms = 300};
    EXPECT_EQ(with_later_changes(ours, theirs, here)->lock, theirs.lock) << "longer it may be";
    theirs.lock = {};
    EXPECT_EQ(with_later_changes(ours, theirs, {.site = 2, .now_ms = 200})->lock, theirs.lock) << "it has run out";
}

TEST(Replica, KeepsALegalHoldThatTheSourceDoesNotKnow) {
    auto ours = some_version();
    ours.lock.legal_hold = true;
    ours.changed = {.wall_ms = 6, .counter = 0, .site = here.site};
    auto theirs = some_version();
    theirs.changed.wall_ms = 7;
    theirs.tags = {{"shelf", "4"}};
    const auto once = with_later_changes(ours, theirs, here);
    ASSERT_TRUE(once);
    EXPECT_TRUE(once->lock.legal_hold);
    EXPECT_EQ(once->tags, theirs.tags);
    theirs.changed.wall_ms = 8;
    EXPECT_TRUE(with_later_changes(*once, theirs, here)->lock.legal_hold) << "nor does their next change";
    ours.changed.site = theirs.changed.site;
    EXPECT_FALSE(with_later_changes(ours, theirs, here)->lock.legal_hold) << "what they put on they lift";
    ours.changed.site = here.site;
    ours.destinations = {{.bucket = "books", .storage_class = {}, .key_id = {}}};
    EXPECT_FALSE(with_later_changes(ours, theirs, here)->lock.legal_hold) << "they were told of it";
}

}  // namespace
}  // namespace cloudshelf::objects
