#include "workload/audit.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace cloudshelf::workload {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr TimePoint fault{100s};

TEST(JudgeUnknown, OnceOrNotAtAllNeverTwice) {
    const Acknowledged payment{.kind = "payment"};
    EXPECT_EQ(judge_unknown(payment, 200, R"({"payments": []})"), Found::missing);
    EXPECT_EQ(judge_unknown(payment, 200, R"({"payments": [{"status": "declined"}]})"), Found::missing);
    EXPECT_EQ(judge_unknown(payment, 200, R"({"payments": [{"status": "captured"}]})"), Found::present);
    EXPECT_EQ(
        judge_unknown(payment, 200, R"({"payments": [{"status": "captured"}, {"status": "captured"}]})"), Found::twice
    );
    EXPECT_EQ(judge_unknown(payment, 404, ""), Found::wrong);
}

TEST(JudgeAgain, AnotherIdIsAnotherWrite) {
    const Acknowledged order{.kind = "order", .id = "o1"};
    EXPECT_EQ(judge_again(order, 201, R"({"order_id": "o1"})"), Found::present);
    EXPECT_EQ(judge_again(order, 201, R"({"order_id": "o2"})"), Found::twice);
    EXPECT_EQ(judge_again(order, 422, ""), Found::wrong);
    EXPECT_EQ(judge_again(order, 503, ""), Found::unread);
}

TEST(AuditResult, CountsEachKindAndNamesTheBad) {
    AuditResult audit;
    const Acknowledged order{.service = "payments", .kind = "order", .id = "o1"};
    audit.note(order, Found::present);
    audit.note(order, Found::missing);
    audit.note({.service = "book-catalog", .kind = "rating", .id = "r1"}, Found::unread);
    audit.note_unknown({.service = "payments", .kind = "payment"}, Found::missing);
    audit.note_unknown({.service = "payments", .kind = "payment"}, Found::present);
    audit.note_unknown({.service = "payments", .kind = "payment", .key = "k9"}, Found::twice);
    audit.note_unknown({.service = "payments", .kind = "order"}, std::nullopt);
    const auto json = to_json(audit);
    EXPECT_EQ(json.at("acknowledged"), 3);
    EXPECT_EQ(json.at("missing"), 1);
    EXPECT_EQ(json.at("twice"), 1);
    EXPECT_EQ(json.at("unread"), 1);
    EXPECT_EQ(json.at("by_service").at("payments").at("order").at("acknowledged"), 2);
    EXPECT_EQ(json.at("by_service").at("payments").at("order").at("missing"), 1);
    EXPECT_EQ(json.at("by_service").at("book-catalog").at("rating").at("unread"), 1);
    EXPECT_EQ(json.at("bad").as_array().size(), 3u);
    EXPECT_EQ(json.at("unknown_outcomes").at("count"), 4);
    EXPECT_EQ(json.at("unknown_outcomes").at("present"), 1);
}

// Goal: only whole transactions that began after the fault show a recovery, and only losses before the failback are
// the fault's.
TEST(Evidence, ComesFromTransactionsAfterTheFault) {
    Ledger ledger;
    const auto deed = [&](const char* kind, Duration from, Duration until, bool ok) {
        ledger.deeds.push_back(
            {.service = "payments", .kind = kind, .started = fault + from, .ended = fault + until, .ok = ok}
        );
    };
    deed("buy", -1s, 500ms, true);          // began before
    deed("own-order", 100ms, 200ms, true);  // looking at an old order proves no payment
    deed("buy", 300ms, 900ms, true);
    deed("buy", 4s, 4s, true);
    const Acknowledged early{.service = "payments", .acked = fault - 3s, .epoch = 1};
    const Acknowledged late{.service = "payments", .acked = fault + 50s, .epoch = 2};
    ledger.writes = {early, late};
    const Window window{.fault = fault, .until = fault + 40s, .soak = 2s};
    const auto found = evidence_of(ledger, {{early, Found::missing}, {late, Found::missing}}, window);
    const auto& payments = found.at("payments");
    EXPECT_EQ(payments.first_success, fault + 900ms);
    EXPECT_EQ(payments.green_since, fault + 900ms);
    EXPECT_EQ(payments.acknowledged_writes, 2u);
    EXPECT_THAT(payments.missing, ElementsAre(early.acked));
    EXPECT_EQ(writes_seen(ledger)[1].epoch, Epoch(2));

    // A look at an old order that fails is a failure all the same.
    deed("own-order", 1s, 2s, false);
    EXPECT_EQ(evidence_of(ledger, {}, window).at("payments").green_since, std::nullopt);
}

TEST(SuccessRate, PerTimeSlice) {
    Ledger ledger;
    ledger.deeds = {
        {.ended = fault, .ok = true},
        {.ended = fault + 99ms, .ok = false},
        {.ended = fault + 250ms, .ok = true},
        {.ended = fault + 300ms, .ok = true}
    };
    EXPECT_THAT(
        success_rate(ledger, fault, fault + 300ms, 100ms),
        ElementsAre(std::optional(0.5), std::nullopt, std::optional(1.0))
    );
    EXPECT_TRUE(success_rate(ledger, fault, fault, 100ms).empty());
}

}  // namespace
}  // namespace cloudshelf::workload
