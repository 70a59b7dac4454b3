// Goal: carts and signing out, with tables and without. Method: the handlers over fake ports.
#include "bookstore/fakes.hpp"
#include "bookstore/handlers.hpp"
#include "bookstore/tokens.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::bookstore {
namespace {

const std::string user = "11111111-1111-4111-8111-111111111111";
const Error away{.code = "tables.unavailable", .message = "away", .retryable = true};
const Error lost{.code = "tables.unavailable", .message = "lost", .certainty = Certainty::unknown, .retryable = true};
const Error fine{};

struct Cart : testing::Test {
    fakes::FakeDatabase database;
    fakes::FakePayments payments;
    fakes::FakeClock clock;
    fakes::FakeRandom random;
    fakes::FakePasswords passwords;
    Secrets secrets{.session_keys = {"a session key of this test"}};
    fakes::FakeCarts carts;
    fakes::FakeSessions sessions;
    Ports ports{database, payments, clock, random, passwords, secrets, carts, sessions};
    std::string token = sign_session(secrets, user, random.uuid(), clock.seconds + 100);

    Response ask(std::string method, std::string body = "", std::string book = "", std::string path = "/cart") {
        Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        if (!book.empty()) request.query = {{"bookId", book}};
        request.authorization = "Bearer " + token;
        request.body = std::move(body);
        return handle(request, ports);
    }
    std::string header(const Response& response, std::string_view name) {
        for (const auto& [key, value] : response.headers) {
            if (key == name) return value;
        }
        return "";
    }
};

TEST_F(Cart, holds_what_was_put_there) {
    EXPECT_EQ(ask("POST", R"({"bookId":7,"quantity":2})").status, 201);
    EXPECT_EQ(ask("POST", R"({"userId":")" + user + R"(","bookId":"3","quantity":1})").status, 201);
    EXPECT_EQ(ask("PATCH", R"({"bookId":7,"quantity":5})").body, R"({"bookId":7,"quantity":5})");
    EXPECT_EQ(
        ask("GET").body, R"({"userId":")" + user + R"(","items":[{"bookId":3,"quantity":1},{"bookId":7,"quantity":5}]})"
    );
    EXPECT_EQ(ask("DELETE", "", "3").body, R"({"removed":1})");
    EXPECT_EQ(carts.carts[user].size(), 1U);
    EXPECT_EQ(ask("DELETE").body, R"({"removed":1})");
    EXPECT_TRUE(carts.carts[user].empty());
}

TEST_F(Cart, may_be_asked_twice) {
    for (int i = 0; i < 2; ++i) EXPECT_EQ(ask("POST", R"({"bookId":7,"quantity":2})").status, 201);
    EXPECT_EQ(carts.carts[user]["7"], 2);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(ask("DELETE", "", "7").status, 200);
}

TEST_F(Cart, refuses_what_is_malformed) {
    for (const char* body :
         {"",
          "[]",
          R"({"quantity":1})",
          R"({"bookId":0,"quantity":1})",
          R"({"bookId":"x","quantity":1})",
          R"({"bookId":7})",
          R"({"bookId":7,"quantity":0})",
          R"({"bookId":7,"quantity":1.5})",
          R"({"bookId":7,"quantity":1000})"}) {
        EXPECT_EQ(ask("POST", body).status, 400) << body;
        EXPECT_EQ(ask("PATCH", body).status, 400) << body;
    }
    EXPECT_EQ(ask("POST", R"({"userId":"somebody","bookId":7,"quantity":1})").status, 403);
    EXPECT_EQ(ask("PATCH", R"({"bookId":7,"quantity":1})").status, 404);
    EXPECT_EQ(ask("DELETE", "", "x").status, 400);
    EXPECT_EQ(header(ask("PUT"), "Allow"), "GET, POST, PATCH, DELETE");
    token = "v1.forged";
    for (const char* method : {"GET", "POST", "PATCH", "DELETE"}) EXPECT_EQ(ask(method).status, 401) << method;
    EXPECT_TRUE(carts.carts[user].empty());
}

TEST_F(Cart, says_when_tables_are_away) {
    carts.carts[user]["7"] = 1;
    for (const char* method : {"GET", "POST", "PATCH", "DELETE"}) {
        carts.troubles = {away};
        const auto response = ask(method, R"({"bookId":7,"quantity":1})");
        EXPECT_EQ(response.status, 503) << method;
        EXPECT_EQ(header(response, "Retry-After"), "1") << method;
        EXPECT_EQ(response.outcome, Outcome::not_done) << method;
        EXPECT_TRUE(response.body.contains("no-tables")) << response.body;
    }
    carts.troubles = {lost};
    EXPECT_EQ(ask("POST", R"({"bookId":7,"quantity":1})").outcome, Outcome::unknown);
    carts.troubles = {Error{.code = "tables.failed", .message = "AccessDeniedException"}};
    EXPECT_EQ(ask("GET").status, 500);
}

TEST_F(Cart, emptied_halfway_is_in_doubt) {
    carts.carts[user] = {{"1", 1}, {"2", 1}};
    carts.troubles = {fine, fine, away};
    EXPECT_EQ(ask("DELETE").outcome, Outcome::unknown);
    EXPECT_EQ(carts.carts[user].size(), 1U);
}

TEST_F(Cart, needs_no_permission_to_write) {
    Request request;
    request.path = "/cart";
    for (const char* method : {"GET", "POST", "PATCH", "DELETE"}) {
        request.method = method;
        EXPECT_EQ(kind_of(request), Kind::table) << method;
    }
    request.path = "/sessions";
    EXPECT_EQ(kind_of(request), Kind::table);
    request.method = "POST";
    EXPECT_EQ(kind_of(request), Kind::sign_in);
}

TEST_F(Cart, signing_out_ends_the_session) {
    EXPECT_EQ(ask("GET").status, 200);
    EXPECT_EQ(ask("DELETE", "", "", "/sessions").status, 200);
    const auto refused = ask("GET");
    EXPECT_EQ(refused.status, 401);
    EXPECT_TRUE(refused.body.contains("signed-out")) << refused.body;
    EXPECT_EQ(ask("DELETE", "", "", "/sessions").status, 200) << "twice is the same";
    token = sign_session(secrets, user, random.uuid(), clock.seconds + 200);
    EXPECT_EQ(ask("GET").status, 200) << "another session of the same customer";
}

TEST_F(Cart, a_session_is_good_by_its_signature_when_tables_are_away) {
    sessions.down = true;
    database.answers["user_by_email"] = [](const auto&) -> Result<Rows> { return Rows{{user, "hashed:long enough"}}; };
    EXPECT_EQ(ask("POST", R"({"email":"a@b","password":"long enough"})", "", "/sessions").status, 201);
    EXPECT_EQ(ask("GET").status, 200);
    const auto refused = ask("DELETE", "", "", "/sessions");
    EXPECT_EQ(refused.status, 503) << "a signing out that was not kept is not acknowledged";
    EXPECT_EQ(header(refused, "Retry-After"), "1");
}

TEST_F(Cart, a_session_is_kept_without_its_token) {
    database.answers["user_by_email"] = [](const auto&) -> Result<Rows> { return Rows{{user, "hashed:long enough"}}; };
    const auto response = ask("POST", R"({"email":"a@b","password":"long enough"})", "", "/sessions");
    ASSERT_EQ(sessions.open.size(), 1U);
    EXPECT_EQ(sessions.open[0].user, user);
    EXPECT_EQ(sessions.open[0].expires_at, clock.seconds + session_seconds);
    EXPECT_FALSE(response.body.contains(sessions.open[0].id));
}

}  // namespace
}  // namespace cloudshelf::bookstore
