#include "io/http_exchange.hpp"

#include "io/clock.hpp"
#include "io/message_body.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

/// How long an answer is looked for when the server takes no more of an upload: it may have said why.
constexpr Duration last_word = std::chrono::seconds(1);

/// How long a server that was asked for it has to say that it will read the body. RFC 9110 §10.1.1: no client is to
/// wait for ever, since a server of old, or an intermediary, may not know what it was asked.
constexpr Duration go_ahead_max = std::chrono::seconds(1);

using Parser = http::response_parser<http::string_body>;

/// One exchange under way: what its steps share.
struct Exchange {
    Channel* channel;
    std::shared_ptr<const Pieces> pieces;
    ExchangeTerms terms;
    bool is_head = false;
    beast::flat_buffer buffer{};
    std::optional<Parser> parser{};  // of the answer's header
    Attempt attempt{.answer = fail("io.closed", "")};
    bool all_sent = false;

    void end(error_code problem) { end_attempt(&attempt, problem, terms.to, "answer"); }
};

/// Reads the header of an answer, an interim one too.
Task<error_code> read_header(Exchange* exchange, Deadline deadline) {
    exchange->parser.emplace();
    auto& parser = *exchange->parser;
    parser.body_limit(boost::none);  // MessageBody's user counts
    if (exchange->is_head) parser.skip(true);
    exchange->channel->expires_after(deadline.remaining());
    error_code problem;
    co_await http::async_read_header(
        *exchange->channel, exchange->buffer, parser, asio::redirect_error(asio::use_awaitable, problem)
    );
    if (!problem || exchange->buffer.size() > 0) exchange->attempt.reached = Reached::answer_begun;
    co_return problem;
}

bool is_interim(const Parser& parser) {
    const auto status = parser.get().result_int();
    return status / 100 == 1 && status != 101;
}

Task<error_code> read_final_header(Exchange* exchange, Deadline deadline) {
    error_code problem = co_await read_header(exchange, deadline);
    while (!problem && is_interim(*exchange->parser)) problem = co_await read_header(exchange, deadline);
    co_return problem;
}

/// Reads the header that came while we were sending: an answer ends the upload, "100 Continue" comes late.
Task<error_code> hear_header(Exchange* exchange) {
    const auto problem = co_await read_header(exchange, exchange->terms.patience.deadline);
    if (!problem && is_interim(*exchange->parser)) exchange->parser.reset();
    co_return problem;
}

/// Waits until the server says that it will read, for a moment only; then the body goes out all the same.
Task<error_code> await_go_ahead(Exchange* exchange) {
    using namespace asio::experimental::awaitable_operators;
    auto heard = hear_header(exchange);
    auto moment = wait_for(std::min(go_ahead_max, exchange->terms.patience.deadline.remaining()));
    const auto first = co_await (std::move(heard) || std::move(moment));
    const auto* problem = std::get_if<0>(&first);
    if (problem) co_return *problem;
    // A part of a header stays in the buffer; one that was read just now was heard.
    if (exchange->parser && !exchange->parser->is_header_done()) exchange->parser.reset();
    co_return error_code();
}

/// Sends what the source gives, until the server answers early, whose header `parser` then has. An error is the
/// source's.
Task<Result<error_code>> send_pieces(Exchange* exchange) {
    const Upload& upload = *exchange->pieces->upload;
    Patience patience(exchange->terms.patience);
    error_code problem;
    for (std::uint64_t left = upload.length; left > 0 && !problem;) {
        if (exchange->buffer.size() > 0 || exchange->channel->unread() > 0) {
            problem = co_await hear_header(exchange);
            if (problem || exchange->parser) co_return problem;
        }
        exchange->attempt.used_source = true;
        const auto piece = co_await upload.source();
        if (!piece) co_return fail(piece.error());
        if (piece->empty() || piece->size() > left) {
            const auto what = fmt::format("a piece of {} bytes where {} are missing", piece->size(), left);
            co_return fail("io.bad-upload", what);
        }
        problem = co_await exchange->channel->write(*piece, &patience);
        left -= piece->size();
    }
    exchange->all_sent = !problem;
    co_return problem;
}

/// Writes the request. False when that ended the attempt; true with a parser: the answer's header has come already.
Task<bool> send_request(Exchange* exchange, http::request<http::string_body>* message) {
    const auto deadline = exchange->terms.patience.deadline;
    const auto& upload = exchange->pieces->upload;
    const bool waits = upload && beast::iequals((*message)[http::field::expect], "100-continue");
    error_code problem;
    exchange->channel->expires_after(deadline.remaining());
    exchange->attempt.reached = Reached::sent;
    co_await http::async_write(*exchange->channel, *message, asio::redirect_error(asio::use_awaitable, problem));
    exchange->all_sent = !upload;
    if (!problem && waits) {
        problem = co_await await_go_ahead(exchange);
        if (!problem && exchange->parser) co_return true;
    }
    if (!problem && upload) {
        const auto sent = co_await send_pieces(exchange);
        if (!sent) {
            exchange->attempt.answer = fail(sent.error());
            co_return false;
        }
        problem = *sent;
        if (!problem && exchange->parser) co_return true;
        if (problem) {
            const auto unheard = co_await read_final_header(exchange, deadline.sooner(last_word));
            if (!unheard) co_return true;
        }
    }
    if (problem) exchange->end(problem);
    co_return !problem;
}

/// Hands the body to the sink, or collects it. False when that ended the attempt.
Task<bool> receive_body(Exchange* exchange, MessageBody<false>* body, HttpResponse* response) {
    const auto& sink = exchange->pieces->sink;
    const bool streamed = sink && response->status / 100 == 2;
    Patience patience(exchange->terms.patience);
    std::string piece;
    while (!body->ended()) {
        const auto problem = co_await body->next(&piece, &patience);
        if (problem) {
            exchange->end(problem);
            co_return false;
        }
        if (piece.empty()) break;
        if (!streamed) {
            response->body += piece;
            if (response->body.size() <= exchange->terms.body_bytes_max) continue;
            exchange->end(http::error::body_limit);
            co_return false;
        }
        const auto taken = co_await sink(std::move(piece));
        if (!taken) {
            exchange->attempt.answer = fail(taken.error());
            co_return false;
        }
    }
    co_return true;
}

}  // namespace

Error exchange_error(const char* code, const Endpoint& to, const std::string& what, Reached reached) {
    return {
        .code = code,
        .message = fmt::format("{}: {}", to.text(), what),
        .certainty = reached == Reached::nothing_sent ? Certainty::not_done : Certainty::unknown,
        .retryable = true,
    };
}

void end_attempt(Attempt* attempt, error_code problem, const Endpoint& to, const char* missing) {
    if (is_refusal_of_certificate(problem)) {
        attempt->answer = fail(exchange_error("io.tls", to, problem.message(), Reached::nothing_sent));
        return;
    }
    const bool late = problem == beast::error::timeout;
    const bool nonsense = problem.category() == http::make_error_code(http::error::bad_version).category() &&
                          problem != http::error::end_of_stream && problem != http::error::partial_message;
    attempt->closed = !late && !nonsense;
    const char* code = late ? "io.timeout" : nonsense ? "io.bad-answer" : "io.closed";
    const auto what = late ? fmt::format("no {} in time", missing) : problem.message();
    attempt->answer = fail(exchange_error(code, to, what, attempt->reached));
}

http::request<http::string_body> message_of(HttpRequest request, const Endpoint& to, bool keep_alive) {
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    for (const auto& [name, value] : request.headers) message.insert(name, value);
    if (message.count(http::field::host) == 0) message.set(http::field::host, to.text());
    message.body() = std::move(request.body);
    if (!message.body().empty() || request.method == "POST" || request.method == "PUT") message.prepare_payload();
    if (!keep_alive) message.keep_alive(false);
    return message;
}

Task<Attempt> exchange_pieces(
    Channel* channel, HttpRequest request, std::shared_ptr<const Pieces> pieces, ExchangeTerms terms
) {
    Exchange exchange{.channel = channel, .pieces = std::move(pieces), .terms = std::move(terms)};
    exchange.is_head = request.method == "HEAD";
    if (exchange.pieces->upload) request.body.clear();
    auto message = message_of(std::move(request), exchange.terms.to, exchange.terms.keep_alive);
    if (exchange.pieces->upload) message.content_length(exchange.pieces->upload->length);
    const bool asked = co_await send_request(&exchange, &message);
    if (!asked) co_return std::move(exchange.attempt);
    if (!exchange.parser) {
        const auto problem = co_await read_final_header(&exchange, exchange.terms.patience.deadline);
        if (problem) {
            exchange.end(problem);
            co_return std::move(exchange.attempt);
        }
    }
    const auto& received = exchange.parser->get();
    const bool keep_alive = received.keep_alive();
    HttpResponse response{.status = static_cast<int>(received.result_int())};
    for (const auto& field : received) response.headers.emplace_back(field.name_string(), field.value());
    MessageBody<false> body(channel, &exchange.buffer, std::move(*exchange.parser));
    const bool whole = co_await receive_body(&exchange, &body, &response);
    if (!whole) co_return std::move(exchange.attempt);
    exchange.attempt.reusable = exchange.all_sent && keep_alive && exchange.terms.keep_alive && body.ended() &&
                                !body.until_close() && exchange.buffer.size() == 0;
    exchange.attempt.answer = std::move(response);
    co_return std::move(exchange.attempt);
}

}  // namespace cloudshelf::io
