#include "bookstore/handlers.hpp"

#include "bookstore/answers.hpp"
#include "bookstore/tokens.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cloudshelf::bookstore {
namespace json = boost::json;

namespace {

constexpr Statement list_books{
    "list_books",
    "SELECT json_build_object('books', coalesce((SELECT json_agg(json_build_object('id', book_id, 'title', title, "
    "'authors', string_to_array(authors, '; '), 'year', year, 'isbn', isbn, 'price_cents', price_cents)) FROM "
    "(SELECT * FROM books ORDER BY book_id LIMIT $1 OFFSET $2) page), '[]'), "
    "'total', (SELECT count(*) FROM books))::text"
};
constexpr Statement search_books{
    "search_books",
    "WITH hits AS MATERIALIZED (SELECT book_id, ts_rank(search, words) AS rank FROM books, "
    "(SELECT websearch_to_tsquery('simple', $3) || websearch_to_tsquery('english', $3) AS words) query "
    "WHERE search @@ words) "
    "SELECT json_build_object('books', coalesce((SELECT json_agg(json_build_object('id', book_id, 'title', title, "
    "'authors', string_to_array(authors, '; '), 'year', year, 'isbn', isbn, 'price_cents', price_cents)) FROM "
    "(SELECT books.* FROM hits JOIN books USING (book_id) ORDER BY rank DESC, book_id LIMIT $1 OFFSET $2) page), "
    "'[]'), 'total', (SELECT count(*) FROM hits))::text"
};
constexpr Statement one_book{
    "one_book",
    "SELECT json_build_object('id', book_id, 'title', title, 'authors', string_to_array(authors, '; '), 'year', year, "
    "'isbn', isbn, 'price_cents', price_cents, 'categories', (SELECT coalesce(json_agg(name ORDER BY name), '[]') "
    "FROM book_categories JOIN categories USING (category_id) WHERE book_id = books.book_id), "
    "'average_rating', (SELECT round(avg(stars), 2) FROM ratings WHERE book_id = books.book_id), "
    "'ratings', (SELECT count(*) FROM ratings WHERE book_id = books.book_id))::text FROM books WHERE book_id = $1"
};
constexpr Statement insert_rating{
    "insert_rating",
    "INSERT INTO ratings (rating_id, book_id, user_id, stars) SELECT $1, book_id, $3, $4 FROM books "
    "WHERE book_id = $2 RETURNING 1"
};
constexpr Statement one_rating{"one_rating", "SELECT stars FROM ratings WHERE rating_id = $1 AND book_id = $2"};
constexpr Statement insert_user{
    "insert_user",
    "INSERT INTO users (user_id, email, name, password_hash) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (email) DO NOTHING RETURNING 1"
};
constexpr Statement user_by_email{"user_by_email", "SELECT user_id, password_hash FROM users WHERE email = $1"};
constexpr Statement user_by_id{"user_by_id", "SELECT email, name FROM users WHERE user_id = $1"};

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty() && path.front() == '/') {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        parts.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return parts;
}

Response read_refusal(const Error& error) {
    auto response = database_refusal(error);
    if (response.status == 503) {
        response.body = refusal(503, "no-database", "no database answers at the moment; send it again").body;
    }
    return response;
}

Response not_found(std::string_view what) {
    return refusal(404, "not-found", what);
}

/// The one text that a query answers with, or nothing when there is no row.
Response json_text(const Result<Rows>& rows, std::string_view missing) {
    if (!rows) return read_refusal(rows.error());
    if (rows->empty()) return not_found(missing);
    return {.status = 200, .headers = {}, .body = rows->front()[0].value_or("{}"), .outcome = Outcome::answered};
}

Response books(const Request& request, Ports& ports) {
    const auto number = [&](std::string_view name, std::string_view otherwise, Range range) {
        const auto text = request.parameter(name);
        return whole_number(text.empty() ? otherwise : text, range);
    };
    const auto limit = number("limit", "20", {1, 100});
    const auto offset = number("offset", "0", {0, 100'000});
    if (!limit || !offset) {
        return refusal(400, "bad-query", "limit has to be 1 to 100, offset 0 to 100000");
    }
    const std::string words(request.parameter("q"));
    if (words.size() > 200 || words.find('\0') != std::string::npos) {
        return refusal(400, "bad-query", "q may have at most 200 bytes, none of them null");
    }
    std::vector<Value> parameters{std::to_string(*limit), std::to_string(*offset)};
    if (!words.empty()) parameters.emplace_back(words);
    const auto rows = ports.database.read(Freshness::any, words.empty() ? list_books : search_books, parameters);
    return json_text(rows, "no answer");
}

Response rate(const Request& request, Ports& ports, const std::string& book_id) {
    const auto user = signed_in(request, ports);
    if (!user) return sign_in_first(user.error());
    const auto body = json_body(request);
    if (!body) return refuse(400, body.error());
    const auto stars = whole_member(*body, "stars", {1, 5});
    if (!stars) return refuse(400, stars.error());
    return write_once(request, ports, *user, Durability::local, [&](Transaction& transaction) -> Result<Response> {
        const auto rating_id = ports.random.uuid();
        const auto rows = transaction.query(insert_rating, {rating_id, book_id, *user, std::to_string(*stars)});
        if (!rows) return fail(rows.error());
        if (rows->empty()) return not_found("there is no such book");
        return answer(201, {{"rating_id", rating_id}});
    });
}

Response show_rating(Ports& ports, const std::string& book_id, const std::string& rating_id) {
    const auto rows = ports.database.read(Freshness::newest, one_rating, {rating_id, book_id});
    if (!rows) return read_refusal(rows.error());
    if (rows->empty()) return not_found("there is no such rating");
    const auto stars = whole_number(rows->front()[0].value_or(""), {1, 5}).value_or(0);
    return answer(200, {{"rating_id", rating_id}, {"stars", stars}});
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return text;
}

bool looks_like_email(std::string_view text) {
    const auto at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.rfind('@') == at &&
           std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 127; });
}

Response sign_up(const Request& request, Ports& ports) {
    const auto body = json_body(request);
    if (!body) return refuse(400, body.error());
    const auto email = text_member(*body, "email", {3, 254});
    if (!email) return refuse(400, email.error());
    if (!looks_like_email(*email)) return refusal(400, "bad-body", "\"email\" is not an email address");
    const auto name = text_member(*body, "name", {1, 200});
    if (!name) return refuse(400, name.error());
    const auto password = text_member(*body, "password", {8, 256});
    if (!password) return refuse(400, password.error());
    return write_once(request, ports, "", Durability::local, [&](Transaction& transaction) -> Result<Response> {
        const auto user_id = ports.random.uuid();
        const auto rows =
            transaction.query(insert_user, {user_id, lower(*email), *name, ports.passwords.hash(*password)});
        if (!rows) return fail(rows.error());
        if (rows->empty()) return refusal(409, "email-taken", "there is an account with this email already: sign in");
        return answer(201, {{"user_id", user_id}});
    });
}

Response sign_in(const Request& request, Ports& ports) {
    const auto body = json_body(request);
    if (!body) return refuse(400, body.error());
    const auto email = text_member(*body, "email", {3, 254});
    if (!email) return refuse(400, email.error());
    const auto password = text_member(*body, "password", {1, 256});
    if (!password) return refuse(400, password.error());
    const auto rows = ports.database.read(Freshness::newest, user_by_email, {lower(*email)});
    if (!rows) return read_refusal(rows.error());
    // A hash is checked for unknown customers too: the time an answer takes must not tell who has an account.
    static const std::string nobody = ports.passwords.hash("nobody's password");
    const bool known = !rows->empty();
    const auto hash = known ? rows->front()[1].value_or(nobody) : nobody;
    const bool right = ports.passwords.matches(hash, *password);
    if (!known || !right) return refusal(401, "bad-credentials", "email or password is wrong");
    const auto expires_at = ports.clock.unix_seconds() + session_seconds;
    const auto user = rows->front()[0].value_or("");
    const auto token = sign_session(ports.secrets, user, ports.random.uuid(), expires_at);
    ports.sessions.opened({.id = session_id(token), .user = user, .expires_at = expires_at});
    return answer(201, {{"token", token}, {"expires_in_s", session_seconds}});
}

Response me(const Request& request, Ports& ports) {
    const auto user = signed_in(request, ports);
    if (!user) return sign_in_first(user.error());
    const auto rows = ports.database.read(Freshness::newest, user_by_id, {*user});
    if (!rows) return read_refusal(rows.error());
    if (rows->empty()) return not_found("this account does not exist any more");
    const auto& row = rows->front();
    return answer(200, {{"user_id", *user}, {"email", row[0].value_or("")}, {"name", row[1].value_or("")}});
}

bool good_key(std::string_view key) {
    return key.size() <= 255 && std::ranges::all_of(key, [](char c) { return c > ' ' && c < 127; });
}

Response route(const Request& request, Ports& ports) {
    const auto path = segments(request.path);
    const bool get = request.method == "GET";
    const bool post = request.method == "POST";
    const auto wrong_method = [](std::string_view allowed) {
        auto response = refusal(405, "wrong-method", "this path takes another method, see Allow");
        response.headers.emplace_back("Allow", allowed);
        return response;
    };
    if (path.size() == 1 && path[0] == "books") return get ? books(request, ports) : wrong_method("GET");
    if (path.size() >= 2 && path[0] == "books") {
        if (!whole_number(path[1], book_ids)) return not_found("there is no such book");
        if (path.size() == 2) {
            if (!get) return wrong_method("GET");
            return json_text(ports.database.read(Freshness::any, one_book, {path[1]}), "there is no such book");
        }
        if (path.size() == 3 && path[2] == "ratings")
            return post ? rate(request, ports, path[1]) : wrong_method("POST");
        if (path.size() == 4 && path[2] == "ratings") {
            if (!get) return wrong_method("GET");
            if (!is_uuid(path[3])) return not_found("there is no such rating");
            return show_rating(ports, path[1], path[3]);
        }
    }
    if (path.size() == 1 && path[0] == "users") return post ? sign_up(request, ports) : wrong_method("POST");
    if (path.size() == 2 && path[0] == "users" && path[1] == "me")
        return get ? me(request, ports) : wrong_method("GET");
    if (path.size() == 1 && path[0] == "sessions") {
        if (request.method == "DELETE") return sign_out(request, ports);
        return post ? sign_in(request, ports) : wrong_method("POST, DELETE");
    }
    if (path.size() == 1 && path[0] == "cart") {
        if (get) return show_cart(request, ports);
        if (post) return put_in_cart(request, ports);
        if (request.method == "PATCH") return change_cart(request, ports);
        if (request.method == "DELETE") return empty_cart(request, ports);
        return wrong_method("GET, POST, PATCH, DELETE");
    }
    if (path.size() == 1 && path[0] == "orders") return post ? place_order(request, ports) : wrong_method("POST");
    if (path.size() == 2 && path[0] == "orders") {
        if (!get) return wrong_method("GET");
        if (!is_uuid(path[1])) return not_found("there is no such order");
        return show_order(request, ports, path[1]);
    }
    if (path.size() == 1 && path[0] == "payments") return post ? pay(request, ports) : wrong_method("POST");
    return not_found("there is nothing at this path");
}

}  // namespace

Kind kind_of(const Request& request) {
    if (segments(request.path) == std::vector<std::string>{"cart"}) return Kind::table;
    if (request.method == "DELETE" && request.path == "/sessions") return Kind::table;
    if (request.method != "POST") return Kind::read;
    return request.path == "/sessions" ? Kind::sign_in : Kind::write;
}

Response handle(const Request& request, Ports& ports) {
    if (!good_key(request.idempotency_key)) {
        return refusal(400, "bad-idempotency-key", "Idempotency-Key has to be 1 to 255 visible ASCII characters");
    }
    return route(request, ports);
}

}  // namespace cloudshelf::bookstore
