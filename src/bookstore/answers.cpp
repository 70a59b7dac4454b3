#include "bookstore/answers.hpp"

#include "base/digest.hpp"
#include "bookstore/tokens.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace cloudshelf::bookstore {
namespace json = boost::json;

namespace {

constexpr Statement insert_key{
    "insert_key",
    "INSERT INTO idempotency_keys (scope, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1"
};
constexpr Statement find_key{
    "find_key", "SELECT request_hash, status, answer, payment_id FROM idempotency_keys WHERE scope = $1 AND key = $2"
};
constexpr Statement answer_key{
    "answer_key", "UPDATE idempotency_keys SET status = $3, answer = $4 WHERE scope = $1 AND key = $2"
};
constexpr Statement touch_key{
    "touch_key", "UPDATE idempotency_keys SET replays = replays + 1 WHERE scope = $1 AND key = $2"
};

}  // namespace

Response answer(int status, const json::object& body) {
    return {.status = status, .headers = {}, .body = json::serialize(body), .outcome = Outcome::answered};
}

Response refusal(int status, std::string_view code, std::string_view message) {
    return answer(status, {{"error", {{"code", code}, {"message", message}}}});
}

Response refuse(int status, const Error& error) {
    return refusal(status, error.code, error.message);
}

Response database_refusal(const Error& error) {
    if (error.code == "db.unavailable" || error.code == "db.busy") {
        const bool busy = error.code == "db.busy";
        auto response = refusal(
            503,
            busy ? "busy" : "no-writer",
            busy ? "other requests hold what this one needs; nothing was done, send it again"
                 : "no database answers at the moment; nothing was done, send it again"
        );
        response.headers.emplace_back("Retry-After", "1");
        response.outcome = Outcome::not_done;
        return response;
    }
    return refusal(500, "internal", "the database refused a query of ours; nothing was done");
}

Response outcome_unknown(std::string_view message) {
    auto response = refusal(503, "outcome-unknown", message);
    response.headers.emplace_back("Retry-After", "1");
    response.outcome = Outcome::unknown;
    return response;
}

Result<json::object> json_body(const Request& request) {
    boost::system::error_code failed;
    auto value = json::parse(request.body, failed);
    if (failed || !value.is_object()) return fail("bad-body", "the body has to be a JSON object");
    return std::move(value.as_object());
}

Result<std::string> text_member(const json::object& body, std::string_view name, Bounds bounds) {
    const auto* value = body.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return fail("bad-body", fmt::format("\"{}\" is missing or not a text", name));
    }
    std::string text(value->as_string());
    const auto first = text.find_first_not_of(" \t\r\n");
    text = first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
    if (text.size() < bounds.least || text.size() > bounds.most) {
        return fail("bad-body", fmt::format("\"{}\" has to have {} to {} bytes", name, bounds.least, bounds.most));
    }
    if (text.find('\0') != std::string::npos) return fail("bad-body", fmt::format("\"{}\" holds a null byte", name));
    return text;
}

Result<std::int64_t> whole_member(const json::object& body, std::string_view name, Range range) {
    const auto* value = body.if_contains(name);
    if (value != nullptr && value->is_int64() && value->as_int64() >= range.least && value->as_int64() <= range.most) {
        return value->as_int64();
    }
    return fail("bad-body", fmt::format("\"{}\" has to be a whole number, {} to {}", name, range.least, range.most));
}

std::optional<std::int64_t> whole_number(std::string_view text, Range range) {
    std::int64_t number = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number < range.least || number > range.most) return {};
    return number;
}

std::string_view token_of(const Request& request) {
    constexpr std::string_view scheme = "Bearer ";
    if (!request.authorization.starts_with(scheme)) return {};
    return std::string_view(request.authorization).substr(scheme.size());
}

Result<std::string> signed_in(const Request& request, Ports& ports) {
    const auto token = token_of(request);
    if (token.empty()) {
        return fail(
            "not-signed-in", "this needs a session: POST /sessions, then send \"Authorization: Bearer <token>\""
        );
    }
    auto user = verify_session(ports.secrets, token, ports.clock.unix_seconds());
    if (user && ports.sessions.is_signed_out(session_id(token))) {
        return fail("signed-out", "this session was signed out: sign in again");
    }
    return user;
}

Response sign_in_first(const Error& error) {
    auto response = refuse(401, error);
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

Response tables_refusal(const Error& error) {
    if (error.certainty == Certainty::unknown) {
        return outcome_unknown("the tables gave no clear answer; send it again: done twice, it is the same");
    }
    if (!error.retryable) return refusal(500, "internal", "the tables refused a request of ours; nothing was done");
    auto response = refusal(503, "no-tables", "no tables answer at the moment; nothing was done, send it again");
    response.headers.emplace_back("Retry-After", "1");
    response.outcome = Outcome::not_done;
    return response;
}

std::expected<KeyState, Response> take_key(
    Transaction& transaction, const Request& request, const Ports& ports, const std::string& scope
) {
    // Keyed, because a plain digest of a body with a password in it would be easier to search than the password's hash.
    const auto hash =
        hmac_sha256_hex(ports.secrets.session_keys.back(), request.method + "\n" + request.path + "\n" + request.body);
    const auto inserted = transaction.query(insert_key, {scope, request.idempotency_key, hash});
    if (!inserted && inserted.error().code == "db.busy") {
        return std::unexpected(outcome_unknown("another request with this key is under way; send it again"));
    }
    if (!inserted) return std::unexpected(database_refusal(inserted.error()));
    if (!inserted->empty()) return KeyState{.fresh = true, .answer = {}, .payment = {}};

    const auto found = transaction.query(find_key, {scope, request.idempotency_key});
    if (!found) return std::unexpected(database_refusal(found.error()));
    if (found->empty()) return std::unexpected(database_refusal({.code = "db.busy", .message = "the key just went"}));
    const auto& row = found->front();
    if (row[0] != hash) {
        return std::unexpected(refusal(
            422, "idempotency-key-reused", "this Idempotency-Key came with another request before: take a new one"
        ));
    }
    KeyState state{.fresh = false, .answer = {}, .payment = row[3]};
    if (row[1]) {
        state.answer = Response{
            .status = static_cast<int>(whole_number(*row[1], {100, 599}).value_or(500)),
            .headers = {{"Idempotent-Replayed", "true"}},
            .body = row[2].value_or("{}"),
            .outcome = Outcome::answered
        };
    }
    return state;
}

Result<void> store_answer(
    Transaction& transaction, const Request& request, const std::string& scope, const Response& response
) {
    const auto stored =
        transaction.query(answer_key, {scope, request.idempotency_key, std::to_string(response.status), response.body});
    if (!stored) return fail(stored.error());
    return {};
}

Response committed(Transaction& transaction, Response response) {
    switch (transaction.commit()) {
        case Commit::done:
            return response;
        case Commit::not_done:
            return database_refusal({.code = "db.unavailable", .message = "the commit was refused"});
        case Commit::unknown:
            break;
    }
    return outcome_unknown("the database gave no clear answer; send it again with the same Idempotency-Key");
}

Response replay(
    Transaction& transaction, const Request& request, const std::string& scope, Durability durability, Response stored
) {
    if (durability == Durability::local) return stored;
    const auto touched = transaction.query(touch_key, {scope, request.idempotency_key});
    if (!touched) return database_refusal(touched.error());
    return committed(transaction, std::move(stored));
}

Response write_once(
    const Request& request, Ports& ports, const std::string& scope, Durability durability, const Effect& effect
) {
    const auto transaction = ports.database.begin(durability);
    if (!transaction) return database_refusal(transaction.error());
    const bool has_key = !request.idempotency_key.empty();
    if (has_key) {
        auto state = take_key(**transaction, request, ports, scope);
        if (!state) return std::move(state.error());
        if (state->answer) return replay(**transaction, request, scope, durability, std::move(*state->answer));
    }
    auto response = effect(**transaction);
    if (!response) return database_refusal(response.error());
    if (response->status >= 400) return std::move(*response);
    if (has_key) {
        const auto stored = store_answer(**transaction, request, scope, *response);
        if (!stored) return database_refusal(stored.error());
    }
    return committed(**transaction, std::move(*response));
}

std::string array_text(const std::vector<std::string>& values) {
    std::string text = "{";
    for (const auto& value : values) {
        if (text.size() > 1) text += ',';
        text += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    return text + "}";
}

}  // namespace cloudshelf::bookstore
