#include "core/ledger.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint fault{100s};
const Objective payments{.service = ServiceName("payments"), .rto = 900s, .rpo = 60s, .lossless = true};
const Objective catalogue{.service = ServiceName("book-catalog"), .rto = 3600s, .rpo = 900s};

TEST(Outcome, CountsFromTheFault) {
    const auto result = outcome(
        catalogue, fault, {.first_success = fault + 2s, .acknowledged_writes = 10, .missing = {fault - 3s, fault - 1s}}
    );
    EXPECT_EQ(result.rta, 2s);
    EXPECT_EQ(result.rpa, 3s);
    EXPECT_EQ(result.lost_writes, 2u);
    EXPECT_TRUE(result.met);
}

TEST(Outcome, OneLostPaymentIsOneTooMany) {
    EXPECT_FALSE(
        outcome(payments, fault, {.first_success = fault + 2s, .acknowledged_writes = 10, .missing = {fault - 1s}}).met
    );
    EXPECT_TRUE(outcome(payments, fault, {.first_success = fault + 2s, .acknowledged_writes = 10}).met);
}

TEST(Outcome, NeverRecoveredIsNotMet) {
    const auto result = outcome(catalogue, fault, {});
    EXPECT_FALSE(result.met);
    EXPECT_FALSE(result.rta);
}

TEST(Outcome, ALossAfterTheFaultIsALoss) {
    const auto result = outcome(catalogue, fault, {.first_success = fault + 1s, .missing = {fault + 5s}});
    EXPECT_GT(result.rpa, 0s);
}

TEST(WriterOverlap, IsOfDifferentRegionsOnly) {
    const RegionName east("us-east-1");
    const RegionName west("us-west-2");
    EXPECT_EQ(
        writer_overlap({{east, Epoch(1), TimePoint(0s), TimePoint(10s)}, {east, Epoch(3), TimePoint(5s), TimePoint(9s)}}
        ),
        0s
    );
    EXPECT_EQ(
        writer_overlap(
            {{east, Epoch(1), TimePoint(0s), TimePoint(10s)}, {west, Epoch(2), TimePoint(10s), TimePoint(20s)}}
        ),
        0s
    );
    EXPECT_EQ(
        writer_overlap(
            {{east, Epoch(1), TimePoint(0s), TimePoint(10s)}, {west, Epoch(2), TimePoint(8s), TimePoint(20s)}}
        ),
        2s
    );
}

TEST(ReasonsAgainst, NameEach) {
    const auto good = outcome(payments, fault, {.first_success = fault + 2s});
    EXPECT_TRUE(reasons_against({good}, 0s, 0).empty());
    EXPECT_EQ(reasons_against({good}, 1ms, 2).size(), 2u);
    EXPECT_EQ(reasons_against({outcome(payments, fault, {})}, 0s, 0).size(), 1u);
}

}  // namespace
}  // namespace cloudshelf::core
