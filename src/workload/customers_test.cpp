#include "workload/customers.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <gmock/gmock.h>
#include <map>

namespace cloudshelf::workload {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr TimePoint start{1000s};

/// Answers as a shop without faults would.
Answer good(const Request& request, int number = 1) {
    Answer answer{.status = 201, .region = "east", .writer = "east", .epoch = 3};
    if (request.kind == "user") answer.body = fmt::format(R"({{"user_id": "u{}"}})", number);
    if (request.kind == "session") answer.body = fmt::format(R"({{"token": "t{}"}})", number);
    if (request.kind == "cart") answer.body = fmt::format(R"({{"bookId": {}, "quantity": 1}})", number);
    if (request.kind == "rating") answer.body = fmt::format(R"({{"rating_id": "r{}"}})", number);
    if (request.kind == "order") answer.body = fmt::format(R"({{"order_id": "o{}", "total_cents": 1699}})", number);
    if (request.kind == "payment") answer.body = fmt::format(R"({{"payment_id": "p{}"}})", number);
    if (request.kind == "own-order") answer = {.status = 200, .body = R"({"total_cents": 1699})"};
    if (request.key.empty() && request.kind != "session") answer.status = 200;
    return answer;
}

const Request& request_of(const Next& next) {
    return std::get<Request>(next.then);
}
bool is_finished(const Next& next) {
    return std::holds_alternative<Finished>(next.then);
}

Customers with_one_customer(Customers::Options options = {}) {
    options.pool = 1;
    Customers customers(options);
    const auto begun = customers.join(start);
    const auto signing_in = customers.step(begun.id, good(request_of(begun.next)), start + 1ms);
    customers.step(begun.id, good(request_of(signing_in)), start + 2ms);
    EXPECT_TRUE(customers.pool_full());
    return customers;
}

/// The next arrival whose first request is of this kind; those before it end at once.
Customers::Begun arrival_of(Customers& customers, const std::string& kind) {
    for (int tries = 0; tries < 10'000; ++tries) {
        auto begun = customers.arrive(start);
        if (request_of(begun.next).kind == kind) return begun;
        customers.abandon(begun.id, start);
    }
    ADD_FAILURE() << "nobody came for " << kind;
    return {};
}

// Goal: an order that the shop does not answer is sent again with its key, its payment follows, and both are in the
// ledger once, with what is needed to read them back.
TEST(Customers, PayAlsoAfterAFailover) {
    Customers customers = with_one_customer();
    const auto begun = arrival_of(customers, "order");
    const Request order = request_of(begun.next);
    EXPECT_FALSE(order.key.empty());
    EXPECT_EQ(order.token, "t1");

    auto next = customers.step(begun.id, NoAnswer{"io.timeout"}, start + 2s);
    EXPECT_EQ(next.attempt->why, "io.timeout");
    TimePoint now = start + 2s;
    for (const auto& event : std::vector<Event>{
             Answer{.status = 503, .body = R"({"error": {"code": "write-fenced"}})"}, NoAnswer{"io.connect", false}
         }) {
        const TimePoint wake = std::get<WaitUntil>(next.then).at;
        EXPECT_GT(wake, now);
        EXPECT_LE(wake, now + 1s);
        now = wake;
        next = customers.step(begun.id, Woken{}, now);
        EXPECT_EQ(request_of(next).key, order.key);
        EXPECT_EQ(request_of(next).body, order.body);
        next = customers.step(begun.id, event, now);
        EXPECT_FALSE(next.attempt->ok);
        EXPECT_TRUE(next.acknowledged.empty());
    }
    now = std::get<WaitUntil>(next.then).at;
    next = customers.step(begun.id, Woken{}, now);
    next = customers.step(begun.id, good(request_of(next)), now + 5ms);
    ASSERT_EQ(next.acknowledged.size(), 1u);
    const Acknowledged placed = next.acknowledged[0];
    EXPECT_EQ(placed.kind, "order");
    EXPECT_EQ(placed.path, "/orders/o1");
    EXPECT_EQ(placed.expect, "1699");
    EXPECT_EQ(placed.sent, start);
    EXPECT_EQ(placed.acked, now + 5ms);
    EXPECT_EQ(placed.attempts, 4);
    EXPECT_EQ(placed.epoch, 3u);

    const Request payment = request_of(next);
    EXPECT_EQ(payment.kind, "payment");
    EXPECT_NE(payment.key, order.key);
    EXPECT_NE(payment.body.find("o1"), std::string::npos);
    next = customers.step(begun.id, good(payment), now + 9ms);
    ASSERT_EQ(next.acknowledged.size(), 1u);
    EXPECT_EQ(next.acknowledged[0].expect, "p1");
    EXPECT_EQ(next.acknowledged[0].path, "/orders/o1");
    EXPECT_EQ(next.acknowledged[0].attempts, 1);
    ASSERT_TRUE(is_finished(next));
    EXPECT_TRUE(next.deed->ok);
    EXPECT_EQ(next.deed->started, start);
    EXPECT_EQ(next.deed->attempts, 5);
    EXPECT_FALSE(customers.knows(begun.id));

    // Only what was sent more than once is worth sending once more.
    ASSERT_TRUE(customers.again(placed));
    EXPECT_EQ(customers.again(placed)->key, order.key);
    EXPECT_FALSE(customers.again(next.acknowledged[0]));
    EXPECT_EQ(customers.read_back(placed)->token, "t1");
}

// Goal: whether a write that was given up counts as unknown depends on whether any attempt of it may have been done.
TEST(Customers, KnowWhatTheyDoNotKnow) {
    const Answer fenced{.status = 503, .body = R"({"error": {"code": "write-fenced"}})"};
    const Answer unknown{.status = 503, .body = R"({"error": {"code": "outcome-unknown"}})"};
    const Answer refused{.status = 422, .body = R"({"error": {"code": "no-such-book"}})"};
    const Answer cut{.status = 201, .body = R"({"order_)"};
    const auto unknowns = [](std::vector<Event> events) {
        Customers customers = with_one_customer({.write_limit = 10s});
        const auto begun = arrival_of(customers, "order");
        Next next;
        std::size_t i = 0;
        for (TimePoint now = start;;) {
            next = customers.step(begun.id, events[std::min(i++, events.size() - 1)], now);
            EXPECT_TRUE(next.acknowledged.empty());
            if (is_finished(next)) break;
            now = std::get<WaitUntil>(next.then).at;
            customers.step(begun.id, Woken{}, now);
        }
        EXPECT_FALSE(next.deed->ok);
        EXPECT_LE(next.deed->ended, start + 10s);
        return next.unknown.size();
    };
    EXPECT_EQ(unknowns({fenced}), 0u);
    EXPECT_EQ(unknowns({NoAnswer{"io.connect", false}}), 0u);
    EXPECT_EQ(unknowns({refused}), 0u);
    EXPECT_EQ(unknowns({unknown}), 1u);
    EXPECT_EQ(unknowns({unknown, fenced}), 1u);
    EXPECT_EQ(unknowns({NoAnswer{"io.timeout", true}, refused}), 1u);
    EXPECT_EQ(unknowns({cut, fenced}), 1u);
    EXPECT_EQ(unknowns({Answer{.status = 500}}), 1u);
}

TEST(Customers, WhoIsSentHomeLeavesAnUnknownWrite) {
    Customers customers = with_one_customer();
    const auto begun = arrival_of(customers, "rating");
    EXPECT_THAT(customers.under_way(), ElementsAre(begun.id));
    const auto next = customers.abandon(begun.id, start + 1s);
    ASSERT_EQ(next.unknown.size(), 1u);
    EXPECT_EQ(next.unknown[0].kind, "rating");
    EXPECT_EQ(next.unknown[0].key, request_of(begun.next).key);
    EXPECT_FALSE(customers.read_back(next.unknown[0]));  // nobody knows its id
    EXPECT_TRUE(customers.under_way().empty());
}

// Goal: an overloaded shop gets only so many reads again as a share of all reads, however many fail.
TEST(Customers, RetriesOfReadsHaveABudget) {
    Customers customers = with_one_customer();
    int reads = 0;
    int retries = 0;
    for (int i = 0; i < 3000; ++i) {
        auto begun = customers.arrive(start);
        if (!request_of(begun.next).key.empty()) {
            customers.abandon(begun.id, start);
            continue;
        }
        ++reads;
        for (Next next = std::move(begun.next); !is_finished(next); ++retries) {
            next = customers.step(begun.id, Answer{.status = 503}, start);
            if (is_finished(next)) break;
            next = customers.step(begun.id, Woken{}, start);
        }
    }
    EXPECT_GT(retries, reads / 20);
    EXPECT_LT(retries, reads / 10 + 30);
}

// Goal: open loop with the promised rate and mix: customers' own choices, whatever the shop answers.
TEST(Customers, LookAtTheStaticSiteWhereThereIsOne) {
    Customers customers = with_one_customer({.pages = {"/", "/books/1.html"}});
    const auto begun = arrival_of(customers, "page");
    const Request& request = request_of(begun.next);
    EXPECT_EQ(request.service, "static-site");
    EXPECT_TRUE(request.target == "/" || request.target == "/books/1.html") << request.target;
    const Next shown = customers.step(begun.id, Answer{.status = 200, .body = "<!doctype html>"}, start + 2ms);
    ASSERT_TRUE(shown.deed);
    EXPECT_TRUE(shown.deed->ok);
    EXPECT_TRUE(is_finished(shown));
    Customers others = with_one_customer();
    for (int i = 0; i < 1000; ++i) {
        const auto arrived = others.arrive(start);
        EXPECT_NE(request_of(arrived.next).service, "static-site");
        others.abandon(arrived.id, start);
    }
}

TEST(Customers, ComeAtTheirRateWithTheirMix) {
    Customers customers = with_one_customer({.rate = 200, .seed = 41});
    // One order, so that there is something to look at.
    const auto buying = arrival_of(customers, "order");
    const auto paying = customers.step(buying.id, good(request_of(buying.next)), start);
    customers.step(buying.id, good(request_of(paying)), start);
    std::map<std::string, int> kinds;
    Duration sum{};
    constexpr int n = 20'000;
    for (int i = 0; i < n; ++i) {
        sum += customers.gap();
        const auto begun = customers.arrive(start);
        ++kinds[request_of(begun.next).kind];
        customers.abandon(begun.id, start);
    }
    EXPECT_NEAR(std::chrono::duration<double>(sum).count(), n / 200.0, 4);
    const std::map<std::string, double> expected = {
        {"browse", .52},
        {"book", .12},
        {"rating", .08},
        {"order", .10},
        {"own-order", .08},
        {"cart", .06},
        {"user", .02},
        {"session", .02}
    };
    for (const auto& [kind, share] : expected) EXPECT_NEAR(kinds[kind], share * n, 0.015 * n) << kind;
}

// Goal: the same seed gives the same customers, so that a failed run can be run again.
TEST(Customers, AreTheSameForTheSameSeed) {
    const auto diary = [](std::uint64_t seed) {
        Customers customers = with_one_customer({.seed = seed});
        std::string all;
        for (int i = 0; i < 500; ++i) {
            auto begun = customers.arrive(start + customers.gap());
            TimePoint now = start;
            int asked = 0;
            for (Next next = std::move(begun.next); !is_finished(next);) {
                if (const auto* wait = std::get_if<WaitUntil>(&next.then)) {
                    now = wait->at;
                    all += fmt::format("wait {}\n", now.time_since_epoch().count());
                    next = customers.step(begun.id, Woken{}, now);
                    continue;
                }
                const Request request = request_of(next);
                all += request.target + request.key + request.body + "\n";
                const bool fails = i % 3 == 0 && ++asked < 3;
                next = customers.step(
                    begun.id, fails ? Event(Answer{.status = 503}) : Event(good(request, i)), now += 1ms
                );
            }
        }
        return all;
    };
    EXPECT_EQ(diary(7), diary(7));
    EXPECT_NE(diary(7), diary(8));
}

// Goal: an order that was acknowledged and is gone, or altered, is a failure for the customer who looks.
TEST(Customers, MissTheirOrders) {
    Customers customers = with_one_customer();
    const auto buying = arrival_of(customers, "order");
    const auto paying = customers.step(buying.id, good(request_of(buying.next)), start);
    customers.step(buying.id, good(request_of(paying)), start);
    const auto look = [&](Answer answer) {
        const auto begun = arrival_of(customers, "own-order");
        EXPECT_EQ(request_of(begun.next).target, "/orders/o1");
        return customers.step(begun.id, std::move(answer), start + 1ms).deed->ok;
    };
    EXPECT_TRUE(look({.status = 200, .body = R"({"total_cents": 1699})"}));
    EXPECT_FALSE(look({.status = 200, .body = R"({"total_cents": 1})"}));
    EXPECT_FALSE(look({.status = 404}));
}

}  // namespace
}  // namespace cloudshelf::workload
