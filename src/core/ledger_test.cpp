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

// Goal: RTA is the first success, and is closed only by a soak without failures; what began before does not count.
TEST(Recovery, IsClosedBySoak) {
    const auto visit = [](Duration from, Duration until, bool ok) { return Visit{fault + from, fault + until, ok}; };
    const std::vector<Visit> steady{
        visit(-1s, 5s, false),  // began before: neither its success nor its failure counts
        visit(-1s, 500ms, true),
        visit(100ms, 2s, false),
        visit(700ms, 900ms, true),
        visit(2s, 2100ms, true),
        visit(4s, 4s, true),
    };
    const auto good = recovery(steady, fault, fault + 60s, 2s);
    EXPECT_EQ(good.first_success, fault + 900ms);
    EXPECT_EQ(good.green_since, fault + 900ms);

    auto flapping = steady;
    flapping.push_back(visit(1500ms, 3s, false));
    const auto flap = recovery(flapping, fault, fault + 60s, 2s);
    EXPECT_EQ(flap.first_success, fault + 900ms);
    EXPECT_FALSE(flap.green_since);  // 2.1 s to 4 s is less than the soak
    flapping.push_back(visit(4500ms, 4600ms, true));
    EXPECT_EQ(recovery(flapping, fault, fault + 60s, 2s).green_since, fault + 2100ms);

    EXPECT_FALSE(recovery(steady, fault, fault + 2s, 2s).green_since);  // watched for too short a time
}

TEST(Recovery, AnOpenRtaIsNotMet) {
    const auto open = outcome(catalogue, fault, {.first_success = fault + 1s, .soak_measured = true});
    EXPECT_FALSE(open.met);
    EXPECT_EQ(open.rta, 1s);
    ASSERT_EQ(reasons_against({open}, 0s, 0).size(), 1u);
    EXPECT_NE(reasons_against({open}, 0s, 0)[0].find("did not stay green"), std::string::npos);
    const auto late =
        outcome(catalogue, fault, {.first_success = fault + 1s, .green_since = fault + 3601s, .soak_measured = true});
    EXPECT_FALSE(late.met);
}

TEST(AcknowledgementOverlap, IsAnOlderEpochAfterANewerOne) {
    EXPECT_EQ(acknowledgement_overlap({}), 0s);
    const WriteSeen old{Epoch(1), TimePoint(10s)};
    EXPECT_EQ(acknowledgement_overlap({old, {Epoch(2), TimePoint(11s)}, {Epoch(3), TimePoint(12s)}}), 0s);
    EXPECT_EQ(acknowledgement_overlap({{Epoch(2), TimePoint(8s)}, old, {Epoch(2), TimePoint(11s)}}), 2s);
    EXPECT_EQ(acknowledgement_overlap({old, {Epoch(2), TimePoint(5s)}, {Epoch(3), TimePoint(7s)}}), 5s);
    EXPECT_EQ(acknowledgement_overlap({old, {Epoch(0), TimePoint(1s)}}), 0s);
}

TEST(ReasonsAgainst, OneFaultOfAnyKindIsEnough) {
    const Proof good{.services = {outcome(payments, fault, {.first_success = fault + 2s})}};
    EXPECT_TRUE(reasons_against(good).empty());
    const auto with = [&](auto change) {
        Proof proof = good;
        change(proof);
        return reasons_against(proof).size();
    };
    EXPECT_EQ(with([](Proof& proof) { proof.services.clear(); }), 1u);
    EXPECT_EQ(with([](Proof& proof) { proof.overlap = 1us; }), 1u);
    EXPECT_EQ(with([](Proof& proof) { proof.acknowledged_overlap = 1us; }), 1u);
    EXPECT_EQ(with([](Proof& proof) { proof.failback_ended = false; }), 1u);
    EXPECT_EQ(with([](Proof& proof) { proof.lost_in_failback = 1; }), 1u);
    EXPECT_EQ(with([](Proof& proof) { proof.twice = 1; }), 1u);
    EXPECT_EQ(with([](Proof& proof) { proof.wrong = 1; }), 1u);
    EXPECT_EQ(with([](Proof& proof) { proof.unread = 1; }), 1u);
}

}  // namespace
}  // namespace cloudshelf::core
