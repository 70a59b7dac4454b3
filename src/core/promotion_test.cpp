// Goal: a command to promote is refused unless everything bears it out.
#include "core/promotion.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

const RegionName west("us-west-2");
const PromotionOrder order{.epoch = Epoch(8), .fenced = Epoch(7)};

std::string code(const Result<void>& result) {
    return result ? "" : result.error().code;
}

TEST(Promotion, AnOrderIsNewerThanAllThatIsKnown) {
    EXPECT_EQ(code(check_order(order, {.known = {.newest = Epoch(7)}})), "");
    EXPECT_EQ(code(check_order(order, {.known = {.newest = Epoch(8)}})), "") << "told twice, or its opening failed";
    EXPECT_EQ(code(check_order(order, {.known = {.newest = Epoch(9)}})), "stale-epoch");
    EXPECT_EQ(code(check_order(order, {.known = {.newest = Epoch(8), .of_another = Epoch(7)}})), "");
    EXPECT_EQ(code(check_order(order, {.known = {.newest = Epoch(8), .of_another = Epoch(8)}})), "stale-epoch");
    EXPECT_EQ(code(check_order(order, {.known = {.newest = Epoch(8)}, .holds = Epoch(8)})), "");
    EXPECT_EQ(code(check_order(order, {.known = {.newest = Epoch(7)}, .holds = Epoch(7)})), "stale-epoch");
}

TEST(Promotion, AnOrderCarriesTheFenceRecordOfTheEpochBefore) {
    for (const std::uint64_t fenced : {0u, 6u, 8u, 9u}) {
        EXPECT_EQ(code(check_order({.epoch = Epoch(8), .fenced = Epoch(fenced)}, {})), "no-fence-record") << fenced;
    }
}

TEST(Promotion, TheStoreBearsItOut) {
    const LeaseRecord lease{.region = west, .epoch = Epoch(8), .fence = {.epoch = Epoch(7)}};
    EXPECT_EQ(code(check_lease(order, west, lease)), "");
    EXPECT_EQ(code(check_fence(order, lease)), "");
    EXPECT_EQ(code(check_lease(order, west, std::nullopt)), "stale-epoch");
    EXPECT_EQ(code(check_lease(order, RegionName("us-east-1"), lease)), "stale-epoch");
    LeaseRecord other = lease;
    other.epoch = Epoch(9);
    EXPECT_EQ(code(check_lease(order, west, other)), "stale-epoch");
    other.fence.epoch = Epoch(6);
    EXPECT_EQ(code(check_fence(order, other)), "no-fence-record");
}

TEST(Promotion, TheOldWritersLastRecordIsReplayed) {
    const PromotionToken token{.system_id = "73", .timeline = 3, .lsn = Lsn(100)};
    EXPECT_EQ(code(check_replayed(token, {"73", 3, Lsn(101)})), "");
    EXPECT_EQ(code(check_replayed(token, {"73", 2, Lsn(101)})), "");
    EXPECT_EQ(code(check_replayed(token, {"73", 3, Lsn(100)})), "not-caught-up");
    EXPECT_EQ(code(check_replayed(token, {"73", 4, Lsn(101)})), "token-mismatch");
    EXPECT_EQ(code(check_replayed(token, {"74", 3, Lsn(101)})), "token-mismatch");
}

}  // namespace
}  // namespace cloudshelf::core
