#include "workload/ledger.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::workload {
namespace {

// Goal: a line of a cart is there once it was acknowledged, with the quantity that was.
TEST(Judge, FindsALineInItsCart) {
    const Acknowledged write{.service = "shopping-cart", .kind = "cart", .id = "7", .expect = "2"};
    const auto judged = [&](const char* items) {
        return judge(write, 200, std::string(R"({"userId": "u", "items": [)") + items + "]}");
    };
    EXPECT_EQ(judged(R"({"bookId": 6, "quantity": 1}, {"bookId": 7, "quantity": 2})"), Found::present);
    EXPECT_EQ(judged(R"({"bookId": 7, "quantity": 3})"), Found::wrong);
    EXPECT_EQ(judged(R"({"bookId": 6, "quantity": 2})"), Found::missing);
    EXPECT_EQ(judge(write, 200, "[]"), Found::wrong);
}

// Goal: what the shopper wrote is what the report reads, also when the shopper was killed in the middle of a line.
TEST(Ledger, SurvivesATornLastLine) {
    const Attempt attempt{
        .service = "book-catalog",
        .kind = "browse",
        .started = TimePoint(Duration(5)),
        .ended = TimePoint(Duration(9)),
        .ok = false,
        .why = "io.connect"
    };
    const Acknowledged write{
        .service = "payments",
        .kind = "order",
        .id = "o1",
        .key = "k1",
        .path = "/orders/o1",
        .customer = "a@b",
        .expect = "1699",
        .acked = TimePoint(Duration(7)),
        .writer = "us-east-1",
        .epoch = 3
    };
    const std::string content = to_line(attempt) + to_line(write);
    const auto whole = parse_ledger(content);
    ASSERT_EQ(whole.attempts.size(), 1u);
    ASSERT_EQ(whole.writes.size(), 1u);
    EXPECT_EQ(whole.attempts[0].why, "io.connect");
    EXPECT_EQ(whole.writes[0].expect, "1699");
    EXPECT_EQ(whole.writes[0].epoch, 3u);
    const auto torn = parse_ledger(content.substr(0, content.size() - 10));
    EXPECT_EQ(torn.attempts.size(), 1u);
    EXPECT_EQ(torn.writes.size(), 0u);
    EXPECT_EQ(torn.unreadable_lines, 1u);
}

TEST(Ledger, KeepsTransactionsAndUnknownOutcomes) {
    const Deed deed{
        .service = "payments",
        .kind = "buy",
        .started = TimePoint(Duration(3)),
        .ended = TimePoint(Duration(4)),
        .ok = true,
        .attempts = 5
    };
    const Acknowledged lost{
        .service = "payments", .kind = "payment", .key = "k", .sent = TimePoint(Duration(3)), .attempts = 7
    };
    const auto ledger = parse_ledger("\n" + to_line(deed) + to_unknown_line(lost) + "{\"t\": \"other\"}\n");
    ASSERT_EQ(ledger.deeds.size(), 1u);
    EXPECT_EQ(ledger.deeds[0].kind, "buy");
    EXPECT_EQ(ledger.deeds[0].started, deed.started);
    EXPECT_EQ(ledger.deeds[0].attempts, 5);
    EXPECT_TRUE(ledger.writes.empty());
    ASSERT_EQ(ledger.unknown.size(), 1u);
    EXPECT_EQ(ledger.unknown[0].sent, lost.sent);
    EXPECT_EQ(ledger.unknown[0].attempts, 7);
    EXPECT_EQ(ledger.unreadable_lines, 1u);
}

// Goal: a store that loses, doubles or alters an acknowledged write is found out.
TEST(Judge, FindsWhatIsMissingTwiceOrWrong) {
    const Acknowledged order{.kind = "order", .expect = "1699"};
    EXPECT_EQ(judge(order, 200, R"({"total_cents": 1699})"), Found::present);
    EXPECT_EQ(judge(order, 200, R"({"total_cents": 1})"), Found::wrong);
    EXPECT_EQ(judge(order, 404, ""), Found::missing);
    EXPECT_EQ(judge(order, 200, "not json"), Found::wrong);
    const Acknowledged payment{.kind = "payment", .id = "p1"};
    EXPECT_EQ(judge(payment, 200, R"({"payments": [{"payment_id": "p1", "status": "captured"}]})"), Found::present);
    EXPECT_EQ(judge(payment, 200, R"({"payments": []})"), Found::missing);
    EXPECT_EQ(
        judge(
            payment,
            200,
            R"({"payments": [{"payment_id": "p1", "status": "captured"}, {"payment_id": "p2", "status": "captured"}]})"
        ),
        Found::twice
    );
    EXPECT_EQ(judge({.kind = "user"}, 401, ""), Found::missing);
}

}  // namespace
}  // namespace cloudshelf::workload
