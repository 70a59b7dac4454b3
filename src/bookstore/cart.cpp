// Carts and signing out: what lies in tables, which both regions write.
#include "bookstore/answers.hpp"
#include "bookstore/tokens.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>

namespace cloudshelf::bookstore {
namespace json = boost::json;

namespace {

constexpr Range quantities{1, 999};

/// A book's id as digits; may be a number or a text in JSON. Errors: for a 400.
Result<std::string> book_id(const json::object& body) {
    const auto* value = body.if_contains("bookId");
    if (value != nullptr && value->is_int64() && value->as_int64() >= book_ids.least &&
        value->as_int64() <= book_ids.most) {
        return std::to_string(value->as_int64());
    }
    if (value != nullptr && value->is_string()) {
        if (const auto number = whole_number(value->as_string(), book_ids)) return std::to_string(*number);
    }
    return fail("bad-body", "\"bookId\" has to be the id of a book, 1 to 999999999999");
}

json::object shown(const CartLine& line) {
    return {{"bookId", whole_number(line.book_id, book_ids).value_or(0)}, {"quantity", line.quantity}};
}

/// Who asks, and for which line. The error is a whole answer.
struct Wish {
    std::string user;
    CartLine line;
};
std::expected<Wish, Response> read_wish(const Request& request, Ports& ports) {
    auto user = signed_in(request, ports);
    if (!user) return std::unexpected(sign_in_first(user.error()));
    const auto body = json_body(request);
    if (!body) return std::unexpected(refuse(400, body.error()));
    if (const auto* named = body->if_contains("userId"); named != nullptr && *named != json::value(*user)) {
        return std::unexpected(refusal(403, "not-yours", "\"userId\" is not the customer who is signed in"));
    }
    auto book = book_id(*body);
    if (!book) return std::unexpected(refuse(400, book.error()));
    const auto quantity = whole_member(*body, "quantity", quantities);
    if (!quantity) return std::unexpected(refuse(400, quantity.error()));
    return Wish{.user = std::move(*user), .line = {.book_id = std::move(*book), .quantity = *quantity}};
}

}  // namespace

Response show_cart(const Request& request, Ports& ports) {
    const auto user = signed_in(request, ports);
    if (!user) return sign_in_first(user.error());
    const auto lines = ports.carts.lines(*user);
    if (!lines) return tables_refusal(lines.error());
    json::array items;
    for (const auto& line : *lines) items.push_back(shown(line));
    return answer(200, {{"userId", *user}, {"items", std::move(items)}});
}

Response put_in_cart(const Request& request, Ports& ports) {
    const auto wish = read_wish(request, ports);
    if (!wish) return wish.error();
    const auto stored = ports.carts.put(wish->user, wish->line);
    if (!stored) return tables_refusal(stored.error());
    return answer(201, shown(wish->line));
}

Response change_cart(const Request& request, Ports& ports) {
    const auto wish = read_wish(request, ports);
    if (!wish) return wish.error();
    const auto changed = ports.carts.change(wish->user, wish->line);
    if (!changed) return tables_refusal(changed.error());
    if (!*changed) return refusal(404, "not-found", "this book is not in the cart: POST puts it there");
    return answer(200, shown(wish->line));
}

Response empty_cart(const Request& request, Ports& ports) {
    const auto user = signed_in(request, ports);
    if (!user) return sign_in_first(user.error());
    const bool one = !request.query.empty();
    std::vector<std::string> books;
    if (one) {
        // Strict: a misspelt parameter must not empty the whole cart.
        const auto number = whole_number(request.parameter("bookId"), book_ids);
        if (!number || request.query.size() != 1) {
            return refusal(400, "bad-query", "expected ?bookId=, 1 to 999999999999, or no query for the whole cart");
        }
        books.push_back(std::to_string(*number));
    } else {
        // What was seen is removed, and nothing else: what the other region adds meanwhile stays.
        const auto lines = ports.carts.lines(*user);
        if (!lines) return tables_refusal(lines.error());
        for (const auto& line : *lines) books.push_back(line.book_id);
    }
    for (const auto& book : books) {
        const auto removed = ports.carts.remove(*user, book);
        if (removed) continue;
        // The ones before it are gone: "nothing was done" would be wrong.
        auto error = removed.error();
        if (book != books.front()) error.certainty = Certainty::unknown;
        return tables_refusal(error);
    }
    return answer(200, {{"removed", books.size()}});
}

Response sign_out(const Request& request, Ports& ports) {
    const auto token = token_of(request);
    const auto user = signed_in(request, ports);
    if (!user && user.error().code == "signed-out") return answer(200, {{"signed_out", true}});
    if (!user) return sign_in_first(user.error());
    const auto done = ports.sessions.sign_out({.id = session_id(token), .user = *user, .expires_at = expiry_of(token)});
    if (!done) return tables_refusal(done.error());
    return answer(200, {{"signed_out", true}});
}

}  // namespace cloudshelf::bookstore
