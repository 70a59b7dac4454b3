// Goal: each refusal of the API, and what happens once, twice and in doubt. Method: the handlers over fake ports.
#include "bookstore/handlers.hpp"

#include "bookstore/fakes.hpp"
#include "bookstore/tokens.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::bookstore {
namespace {

using fakes::FakeDatabase;
using Log = std::vector<std::string>;

const std::string user = "11111111-1111-4111-8111-111111111111";
const std::string order = "22222222-2222-4222-8222-222222222222";

struct Shop : testing::Test {
    FakeDatabase database;
    fakes::FakePayments payments;
    fakes::FakeClock clock;
    fakes::FakeRandom random;
    fakes::FakePasswords passwords;
    Secrets secrets{.session_keys = {"a session key of this test"}};
    fakes::FakeCarts carts;
    fakes::FakeSessions sessions;
    Ports ports{database, payments, clock, random, passwords, secrets, carts, sessions};

    Shop() {
        const auto one = [](const std::vector<Value>&) -> Result<Rows> { return Rows{{"1"}}; };
        for (const char* name : {"insert_user", "insert_rating", "reserve", "choose_processor", "record", "release"}) {
            database.answers[name] = one;
        }
        database.answers["prices"] = [](const auto&) -> Result<Rows> { return Rows{{"3", "1000"}, {"7", "250"}}; };
        database.answers["lock_order"] = [](const auto&) -> Result<Rows> { return Rows{{"placed", "2250"}}; };
        database.answers["claim"] = [](const auto&) -> Result<Rows> { return Rows{{"primary", "2250", "f"}}; };
    }

    std::string session() { return "Bearer " + sign_session(secrets, user, random.uuid(), clock.seconds + 100); }
    Request post(std::string path, std::string body, std::string key = "") {
        return {
            .method = "POST",
            .path = std::move(path),
            .query = {},
            .authorization = session(),
            .idempotency_key = std::move(key),
            .body = std::move(body),
            .attempt_id = {}
        };
    }
    Request get(std::string path) {
        Request request;
        request.path = std::move(path);
        request.authorization = session();
        return request;
    }
    Request place() {
        return post("/orders", R"({"items":[{"book_id":7,"quantity":1},{"book_id":3,"quantity":2}]})", "k1");
    }
    Request pay() { return post("/payments", R"({"order_id":")" + order + R"(","card_token":"tok_visa"})", "k2"); }

    static std::string code(const Response& response) {
        const auto body = boost::json::parse(response.body);
        const auto* error = body.as_object().if_contains("error");
        return error == nullptr ? "" : std::string(error->as_object().at("code").as_string());
    }
    void expect(const Request& request, int status, std::string_view error) {
        const auto response = handle(request, ports);
        EXPECT_EQ(response.status, status) << request.method << " " << request.path << " " << response.body;
        EXPECT_EQ(code(response), error) << request.method << " " << request.path << " " << response.body;
    }
    bool replayed(const Response& response) {
        return std::ranges::any_of(response.headers, [](const auto& h) { return h.first == "Idempotent-Replayed"; });
    }
    long count(std::string_view what) { return std::ranges::count(database.log, what); }
};

TEST_F(Shop, refuses_what_is_malformed) {
    expect(get("/nowhere"), 404, "not-found");
    expect(get("/books/none"), 404, "not-found");
    expect(get("/books/5"), 404, "not-found");
    expect(get("/books/5/ratings/1"), 404, "not-found");
    expect(get("/orders/1"), 404, "not-found");
    expect(post("/books", "{}"), 405, "wrong-method");
    expect(get("/payments"), 405, "wrong-method");
    auto query = get("/books");
    query.query = {{"limit", "1000"}};
    expect(query, 400, "bad-query");
    expect(post("/users", "not json"), 400, "bad-body");
    expect(post("/users", R"({"email":"nobody","name":"N","password":"12345678"})"), 400, "bad-body");
    expect(post("/users", R"({"email":"a@b","name":"N","password":"short"})"), 400, "bad-body");
    expect(post("/users", R"({"email":"a@b","name":"  ","password":"12345678"})"), 400, "bad-body");
    expect(post("/books/5/ratings", R"({"stars":6})"), 400, "bad-body");
    expect(post("/books/5/ratings", R"({"stars":"5"})"), 400, "bad-body");
    expect(post("/orders", R"({"items":[]})", "k"), 400, "bad-body");
    expect(post("/orders", R"({"items":[{"book_id":1,"quantity":0}]})", "k"), 400, "bad-body");
    expect(
        post("/orders", R"({"items":[{"book_id":1,"quantity":1},{"book_id":1,"quantity":2}]})", "k"), 400, "bad-body"
    );
    expect(post("/payments", R"({"order_id":"x","card_token":"t"})", "k"), 400, "bad-body");
    expect(post("/orders", R"({"items":[{"book_id":1,"quantity":1}]})"), 400, "idempotency-key-missing");
    expect(post("/payments", R"({"order_id":"x","card_token":"t"})"), 400, "idempotency-key-missing");
    expect(post("/orders", "{}", "a key"), 400, "bad-idempotency-key");
    EXPECT_EQ(count("commit local") + count("commit synchronous"), 0);
}

TEST_F(Shop, wants_a_session_that_is_ours_and_valid) {
    for (auto request : {place(), pay(), get("/users/me"), get("/orders/" + order), post("/books/5/ratings", "{}")}) {
        request.authorization = "";
        expect(request, 401, "not-signed-in");
        request.authorization = "Bearer v2." + user + ".0123456789abcdef.9999999999.00";
        expect(request, 401, "bad-token");
        request.authorization = "Bearer " + sign_session(secrets, user, random.uuid(), clock.seconds);
        expect(request, 401, "expired-token");
    }
}

TEST_F(Shop, signs_up_and_in) {
    EXPECT_EQ(
        handle(post("/users", R"({"email":"A@b.org","name":"Ann","password":"12345678"})", "u"), ports).status, 201
    );
    EXPECT_EQ(database.log.back(), "commit local");
    database.answers["user_by_email"] = [](const std::vector<Value>& p) -> Result<Rows> {
        if (p[0] != "a@b.org") return Rows{};
        return Rows{{user, "hashed:12345678"}};
    };
    const auto in = handle(post("/sessions", R"({"email":"a@B.org","password":"12345678"})"), ports);
    ASSERT_EQ(in.status, 201);
    const std::string token(boost::json::parse(in.body).at("token").as_string());
    EXPECT_EQ(verify_session(secrets, token, clock.seconds).value_or(""), user);
    expect(post("/sessions", R"({"email":"a@b.org","password":"87654321"})"), 401, "bad-credentials");
    expect(post("/sessions", R"({"email":"c@d.org","password":"nobody's password"})"), 401, "bad-credentials");
    database.answers["insert_user"] = [](const auto&) -> Result<Rows> { return Rows{}; };
    expect(post("/users", R"({"email":"a@b.org","name":"Ann","password":"12345678"})", "u2"), 409, "email-taken");
    EXPECT_FALSE(database.keys.contains({"", "u2"})) << "a refusal must not be kept under the key";
}

TEST_F(Shop, orders_commit_synchronously_and_once_per_key) {
    const auto first = handle(place(), ports);
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(boost::json::parse(first.body).at("total_cents"), 2250);
    EXPECT_EQ(database.log.back(), "commit synchronous");
    const auto again = handle(place(), ports);
    EXPECT_EQ(again.body, first.body);
    EXPECT_TRUE(replayed(again));
    EXPECT_EQ(count("insert_order"), 1);
    // The first answer may have been lost while its commit waited for the standby: a replay has to wait for it as well.
    EXPECT_EQ(database.log.back(), "commit synchronous");
    EXPECT_EQ(count("touch_key"), 1);
    auto other = place();
    other.body = R"({"items":[{"book_id":7,"quantity":9}]})";
    expect(other, 422, "idempotency-key-reused");
}

TEST_F(Shop, a_commit_without_a_clear_answer_is_unknown_and_never_success) {
    database.commits = {Commit::unknown};
    auto response = handle(place(), ports);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(code(response), "outcome-unknown");
    EXPECT_EQ(response.outcome, Outcome::unknown);
    // It was committed after all: the same key finds out, and if that can't be confirmed, stays in doubt.
    database.commits = {Commit::unknown};
    response = handle(place(), ports);
    EXPECT_EQ(code(response), "outcome-unknown");
    EXPECT_TRUE(replayed(handle(place(), ports)));
    EXPECT_EQ(count("insert_order"), 1);
}

TEST_F(Shop, a_refused_commit_or_a_database_that_is_away_is_not_done) {
    database.commits = {Commit::not_done};
    auto response = handle(place(), ports);
    EXPECT_EQ(code(response), "no-writer");
    EXPECT_EQ(response.outcome, Outcome::not_done);
    EXPECT_TRUE(database.keys.empty());
    database.down = true;
    for (const auto& request :
         {place(), pay(), post("/users", R"({"email":"a@b","name":"N","password":"12345678"})")}) {
        response = handle(request, ports);
        EXPECT_EQ(code(response), "no-writer") << request.path;
        EXPECT_EQ(response.outcome, Outcome::not_done);
    }
    expect(get("/books"), 503, "no-database");
}

TEST_F(Shop, a_key_held_by_a_request_under_way_is_unknown) {
    database.answers["insert_key"] = [](const auto&) -> Result<Rows> { return fail("db.busy", "lock timeout"); };
    const auto response = handle(place(), ports);
    EXPECT_EQ(code(response), "outcome-unknown");
    EXPECT_EQ(response.outcome, Outcome::unknown);
}

TEST_F(Shop, an_order_of_an_unknown_book_is_refused_and_not_kept) {
    database.answers["prices"] = [](const auto&) -> Result<Rows> { return Rows{{"3", "1000"}}; };
    expect(place(), 422, "no-such-book");
    EXPECT_TRUE(database.keys.empty());
}

TEST_F(Shop, pays_with_the_reservation_on_record_before_the_charge) {
    bool recorded_first = false;
    database.answers["record"] = [&](const auto&) -> Result<Rows> {
        recorded_first = count("commit synchronous") == 1 && payments.log.size() == 1;
        return Rows{};
    };
    const auto first = handle(pay(), ports);
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(boost::json::parse(first.body).at("processor"), "primary");
    EXPECT_TRUE(recorded_first);
    EXPECT_EQ(handle(pay(), ports).body, first.body);
    EXPECT_EQ(payments.log, (Log{"charge primary"}));
}

TEST_F(Shop, refuses_payments_of_orders_that_cannot_be_paid) {
    database.answers["reserve"] = [](const auto&) -> Result<Rows> { return Rows{}; };
    expect(pay(), 409, "payment-under-way");
    database.answers["lock_order"] = [](const auto&) -> Result<Rows> { return Rows{{"paid", "2250"}}; };
    expect(pay(), 409, "already-paid");
    database.answers["lock_order"] = [](const auto&) -> Result<Rows> { return Rows{}; };
    expect(pay(), 404, "not-found");
    EXPECT_TRUE(payments.log.empty());
}

TEST_F(Shop, a_declined_card_is_final_for_its_key) {
    payments.charges = {Charge::declined};
    expect(pay(), 402, "payment-declined");
    expect(pay(), 402, "payment-declined");
    EXPECT_EQ(payments.log.size(), 1U);
}

TEST_F(Shop, the_backup_is_asked_only_when_the_primary_surely_did_not_charge) {
    payments.charges = {Charge::not_charged};
    EXPECT_EQ(boost::json::parse(handle(pay(), ports).body).at("processor"), "backup");
    EXPECT_EQ(payments.log, (Log{"charge primary", "charge backup"}));
    EXPECT_EQ(count("choose_processor"), 1);

    database.keys.clear();
    payments.log.clear();
    payments.charges = {Charge::failed};  // an error; it says that it did not charge
    EXPECT_EQ(handle(pay(), ports).status, 201);
    EXPECT_EQ(payments.log, (Log{"charge primary", "look-up primary", "charge backup"}));

    database.keys.clear();
    payments.log.clear();
    payments.charges = {Charge::failed};  // an error, but it did
    payments.look_ups = {Charge::captured};
    EXPECT_EQ(boost::json::parse(handle(pay(), ports).body).at("processor"), "primary");
    EXPECT_EQ(payments.log, (Log{"charge primary", "look-up primary"}));

    for (const auto known : {Charge::not_charged, Charge::unknown}) {  // silence: the request may still be on its way
        database.keys.clear();
        payments.log.clear();
        payments.charges = {Charge::unknown};
        payments.look_ups = {known};
        expect(pay(), 503, "outcome-unknown");
        EXPECT_EQ(payments.log, (Log{"charge primary", "look-up primary"}));
    }
}

TEST_F(Shop, a_later_attempt_does_not_change_the_processor_while_an_earlier_one_is_in_doubt) {
    payments.charges = {Charge::unknown};
    expect(pay(), 503, "outcome-unknown");
    payments.log.clear();
    database.answers["claim"] = [](const auto&) -> Result<Rows> { return Rows{{"primary", "2250", "t"}}; };
    payments.charges = {Charge::not_charged};  // can't be reached now; it may have charged before it went away
    payments.look_ups = {Charge::unknown};
    expect(pay(), 503, "outcome-unknown");
    EXPECT_EQ(count("choose_processor"), 0);
    database.answers["claim"] = [](const auto&) -> Result<Rows> { return Rows{}; };  // somebody else is at it
    payments.log.clear();
    expect(pay(), 503, "outcome-unknown");
    EXPECT_TRUE(payments.log.empty());
}

TEST_F(Shop, no_charge_at_the_backup_before_the_choice_is_on_record) {
    payments.charges = {Charge::not_charged};
    database.commits = {Commit::done, Commit::unknown};
    expect(pay(), 503, "outcome-unknown");
    EXPECT_EQ(payments.log, (Log{"charge primary"}));
}

TEST_F(Shop, a_claim_that_took_too_long_to_get_is_not_used) {
    clock.step = std::chrono::seconds(2);  // the commit waited for the standby; the claim may soon be somebody else's
    expect(pay(), 503, "outcome-unknown");
    EXPECT_TRUE(payments.log.empty());
}

TEST_F(Shop, both_processors_away_charges_nothing_and_lets_go) {
    payments.charges = {Charge::not_charged, Charge::not_charged};
    expect(pay(), 503, "processor-unavailable");
    EXPECT_EQ(count("release"), 1);
    EXPECT_EQ(count("record"), 0);
}

TEST_F(Shop, a_charge_that_could_not_be_recorded_is_unknown_and_found_again) {
    database.commits = {Commit::done, Commit::not_done};
    expect(pay(), 503, "outcome-unknown");
    EXPECT_EQ(handle(pay(), ports).status, 201);
    EXPECT_EQ(count("reserve"), 1) << "the second attempt has to take over the first one's payment";
}

TEST(Kinds, what_needs_the_writer) {
    const auto kind = [](std::string method, std::string path) {
        Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        return kind_of(request);
    };
    EXPECT_EQ(kind("GET", "/books"), Kind::read);
    EXPECT_EQ(kind("POST", "/sessions"), Kind::sign_in);
    EXPECT_EQ(kind("POST", "/orders"), Kind::write);
}

}  // namespace
}  // namespace cloudshelf::bookstore
