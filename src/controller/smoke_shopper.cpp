#include "controller/smoke_shopper.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;

const std::string any_book = "/books?q=the&limit=1";

std::unexpected<Error> again(std::string code, std::string message) {
    return fail(Error{.code = "smoke." + std::move(code), .message = std::move(message), .retryable = true});
}

/// Unique among the smoke tests of a machine.
std::string moment() {
    return std::to_string(io::now().time_since_epoch().count());
}

/// A member of an answer, or null.
json::value at(const json::value& answer, std::string_view pointer) {
    boost::system::error_code missing;
    const auto* found = answer.find_pointer(pointer, missing);
    return found ? *found : json::value();
}

std::string text_at(const json::value& answer, std::string_view pointer) {
    const auto found = at(answer, pointer);
    return found.is_string() ? std::string(found.as_string()) : std::string();
}

}  // namespace

io::Task<Result<json::value>> SmokeShopper::ask(Call call, io::Deadline deadline) {
    io::HttpRequest request{.method = call.method, .target = call.target, .body = call.body};
    if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    if (call.method == "POST") {
        // A smoke test that is repeated is a new one.
        request.headers.emplace_back("Idempotency-Key", fmt::format("smoke-{}-{}", moment(), call.target));
    }
    if (!call.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + call.token);
    const auto answer = co_await client_.send(gateway_, std::move(request), deadline);
    if (!answer) {
        co_return again(
            answer.error().code, fmt::format("{} {}: {}", call.method, call.target, answer.error().message)
        );
    }
    if (answer->status != call.expected) {
        co_return again(
            "status",
            fmt::format(
                "{} {} answered {}, expected {}: {}",
                call.method,
                call.target,
                answer->status,
                call.expected,
                answer->body.substr(0, 200)
            )
        );
    }
    if (answer->body.empty()) co_return json::value();
    boost::system::error_code bad;
    auto body = json::parse(answer->body, bad);
    if (bad) co_return again("bad-answer", fmt::format("{} {}: {}", call.method, call.target, bad.message()));
    co_return body;
}

io::Task<Result<void>> SmokeShopper::search(io::Deadline deadline) {
    Call question{.target = any_book};
    const auto found = co_await ask(std::move(question), deadline);
    if (!found) co_return fail(found.error());
    co_return Result<void>();
}

io::Task<Result<SmokeShopper::Visit>> SmokeShopper::begin(io::Deadline deadline) {
    Call question{.target = any_book};
    const auto books = co_await ask(std::move(question), deadline);
    if (!books) co_return fail(books.error());
    Visit visit{.book = at(*books, "/books/0/id"), .token = {}};
    if (visit.book.is_null()) co_return again("no-books", "the catalogue answered no book");
    json::object login{
        {"email", fmt::format("smoke-{}@cloudshelf.test", moment())}, {"password", "smoke-test-password"}
    };
    Call sign_in{.method = "POST", .target = "/sessions", .body = json::serialize(login), .expected = 201};
    login["name"] = "Smoke Test";
    Call sign_up{.method = "POST", .target = "/users", .body = json::serialize(login), .expected = 201};
    const auto user = co_await ask(std::move(sign_up), deadline);
    if (!user) co_return fail(user.error());
    const auto session = co_await ask(std::move(sign_in), deadline);
    if (!session) co_return fail(session.error());
    visit.token = text_at(*session, "/token");
    co_return visit;
}

io::Task<Result<void>> SmokeShopper::order(io::Deadline deadline) {
    const auto visit = co_await begin(deadline);
    if (!visit) co_return fail(visit.error());
    const json::object item{{"book_id", visit->book}, {"quantity", 1}};
    Call order{.method = "POST", .target = "/orders", .token = visit->token, .expected = 201};
    order.body = json::serialize(json::object{{"items", json::array{item}}});
    const auto ordered = co_await ask(std::move(order), deadline);
    if (!ordered) co_return fail(ordered.error());
    Call payment{.method = "POST", .target = "/payments", .token = visit->token, .expected = 201};
    payment.body = json::serialize(json::object{{"order_id", at(*ordered, "/order_id")}, {"card_token", "tok_smoke"}});
    const auto paid = co_await ask(std::move(payment), deadline);
    if (!paid) co_return fail(paid.error());
    co_return Result<void>();
}

io::Task<Result<void>> SmokeShopper::use_cart(io::Deadline deadline) {
    const auto visit = co_await begin(deadline);
    if (!visit) co_return fail(visit.error());
    Call put{.method = "POST", .target = "/cart", .token = visit->token, .expected = 201};
    put.body = json::serialize(json::object{{"bookId", visit->book}, {"quantity", 1}});
    const auto added = co_await ask(std::move(put), deadline);
    if (!added) co_return fail(added.error());
    Call look{.target = "/cart", .token = visit->token};
    const auto cart = co_await ask(std::move(look), deadline);
    if (!cart) co_return fail(cart.error());
    if (at(*cart, "/items/0/bookId") != visit->book)
        co_return again("cart-lost", "the book is not in the cart: " + json::serialize(*cart));
    Call take_out{.method = "DELETE", .token = visit->token};
    take_out.target = "/cart?bookId=" + json::serialize(visit->book);
    const auto removed = co_await ask(std::move(take_out), deadline);
    if (!removed) co_return fail(removed.error());
    co_return Result<void>();
}

}  // namespace cloudshelf::controller
