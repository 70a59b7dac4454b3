#pragma once

#include "bookstore/handlers.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// What the handlers share: reading requests, shaping answers, and doing a write once per idempotency key.
namespace cloudshelf::bookstore {

Response answer(int status, const boost::json::object& body);
/// The answer to a database error: nothing was done.
Response database_refusal(const Error& error);
Response outcome_unknown(std::string_view message);

/// The body as a JSON object. Errors: code and message of a 400.
Result<boost::json::object> json_body(const Request& request);
/// A text member with its trimmed length within the bounds (in bytes).
struct Bounds {
    std::size_t least = 1;
    std::size_t most = 200;
};
Result<std::string> text_member(const boost::json::object& body, std::string_view name, Bounds bounds);
struct Range {
    std::int64_t least = 0;
    std::int64_t most = 0;
};
Result<std::int64_t> whole_member(const boost::json::object& body, std::string_view name, Range range);
std::optional<std::int64_t> whole_number(std::string_view text, Range range);

/// The token of a signed-in request, empty when it has none.
std::string_view token_of(const Request& request);
/// The user id of a signed-in request. Errors: for a 401.
Result<std::string> signed_in(const Request& request, Ports& ports);

/// The 401 of such an error.
Response sign_in_first(const Error& error);
/// The answer to an error of carts or sessions.
Response tables_refusal(const Error& error);

/// A refusal made from an Error: its code and message.
Response refuse(int status, const Error& error);

/// What an idempotency key already stands for.
struct KeyState {
    bool fresh = false;                  // it was free, and is ours now
    std::optional<Response> answer;      // what was answered first
    std::optional<std::string> payment;  // a payment under way
};
/// Takes the request's key in this transaction, or finds what it stands for. `scope` keeps customers' keys apart.
/// The error is a whole answer: key used with another body (422), held by a request under way (503 unknown), …
std::expected<KeyState, Response> take_key(
    Transaction& transaction, const Request& request, const Ports& ports, const std::string& scope
);
/// Stores the answer under the request's key.
Result<void> store_answer(
    Transaction& transaction, const Request& request, const std::string& scope, const Response& response
);
/// The stored answer, once its effect is as durable as it has to be: for Durability::synchronous it is written to and
/// committed again, because the first answer may have been lost while its commit still waited for the standby.
Response replay(
    Transaction& transaction, const Request& request, const std::string& scope, Durability durability, Response stored
);
/// The response when the commit is done; else 503, not done or unknown.
Response committed(Transaction& transaction, Response response);

/// Does a write once: key, effect, stored answer, all in one transaction. An effect that answers with 400 or above
/// is rolled back and not stored.
using Effect = std::function<Result<Response>(Transaction&)>;
Response write_once(
    const Request& request, Ports& ports, const std::string& scope, Durability durability, const Effect& effect
);

/// {"1","2"} as PostgreSQL's array text, `{"1","2"}`.
std::string array_text(const std::vector<std::string>& values);

/// Ids of books.
inline constexpr Range book_ids{1, 999'999'999'999};

Response show_cart(const Request& request, Ports& ports);
Response put_in_cart(const Request& request, Ports& ports);
Response change_cart(const Request& request, Ports& ports);
/// The book that the query names (`?bookId=`), else all of them.
Response empty_cart(const Request& request, Ports& ports);
Response sign_out(const Request& request, Ports& ports);

Response place_order(const Request& request, Ports& ports);
Response show_order(const Request& request, Ports& ports, const std::string& order_id);
Response pay(const Request& request, Ports& ports);

}  // namespace cloudshelf::bookstore
