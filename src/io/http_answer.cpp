#include "io/http_answer.hpp"

#include "io/log.hpp"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <string_view>
#include <utility>

namespace cloudshelf::io {
namespace {

namespace http = boost::beast::http;

/// From here on a body is not copied behind its header, which costs a second call of the kernel instead.
constexpr std::size_t copied_bytes_max = 16 << 10;

/// RFC 9110 §15: these have no content, whatever else is said.
bool never_has_body(int status) {
    return status == 204 || status == 304 || status / 100 == 1;
}

enum class Framing { none, length, chunks, until_closed };

struct Body {
    Framing framing = Framing::length;
    std::uint64_t length = 0;
};

Body body_of(const HttpResponse& response, bool head_only, unsigned version) {
    if (never_has_body(response.status)) return {.framing = Framing::none};
    if (response.content_length && (response.stream || head_only)) return {.length = *response.content_length};
    // A client of HTTP/1.0 knows no chunks (RFC 9112 §6.1).
    if (response.stream) return {.framing = version < 11 ? Framing::until_closed : Framing::chunks};
    return {.length = response.body.size()};
}

/// Whether a name and a value stand in one line, whoever they came from (RFC 9110 §5.5).
bool is_one_line(const std::pair<std::string, std::string>& field) {
    constexpr std::string_view ends("\r\n\0", 3);
    return field.first.find_first_of(ends) == std::string::npos &&
           field.second.find_first_of(ends) == std::string::npos;
}

/// The status line and the header; `room` for what is to be put behind it.
std::string head(const HttpResponse& response, const Body& body, const AnswerTerms& terms, std::size_t room) {
    std::string out;
    out.reserve(256 + room);
    const auto phrase = http::obsolete_reason(static_cast<http::status>(response.status));
    fmt::format_to(
        std::back_inserter(out),
        "HTTP/1.{} {} {}\r\nServer: {}\r\n",
        terms.version % 10,
        response.status,
        std::string_view(phrase),
        terms.server_name
    );
    for (const auto& [key, value] : response.headers) out.append(key).append(": ").append(value).append("\r\n");
    if (!terms.keep_alive) {
        out += "Connection: close\r\n";
    } else if (terms.version < 11) {
        out += "Connection: keep-alive\r\n";
    }
    if (body.framing == Framing::length) {
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", body.length);
    } else if (body.framing == Framing::chunks) {
        out += "Transfer-Encoding: chunked\r\n";
    }
    out += "\r\n";
    return out;
}

/// A streamed answer under way, shared with the writer that its handler has.
struct Outgoing {
    std::shared_ptr<Channel> channel;
    AnswerTerms terms;
    Patience patience;
    Body body;
    std::uint64_t written = 0;
    bool writing = false;
    bool gone = false;  // nobody listens, or the handler has ended
};

/// The client sees a body that ends too early; only here is known why.
void say_broken_off(const std::string& why) {
    log(Level::error, "http.answer-broken-off", {{"why", why}});
}

Task<void> write_bytes(std::shared_ptr<Outgoing> out, std::string_view bytes, Channel::More more = Channel::More::no) {
    const auto problem = co_await out->channel->write(bytes, &out->patience, more);
    if (problem) out->gone = true;
}

Task<bool> write_piece(std::shared_ptr<Outgoing> out, std::string piece) {
    if (out->gone || out->writing) co_return false;
    if (piece.empty()) co_return true;  // an empty chunk would end the body
    out->writing = true;
    if (out->body.framing == Framing::length) {
        if (piece.size() > out->body.length - out->written) {
            say_broken_off(fmt::format("more than the {} bytes promised", out->body.length));
            out->gone = true;
        } else {
            co_await write_bytes(out, piece);
        }
    } else if (*out->terms.stopping) {
        out->gone = true;
    } else if (out->body.framing == Framing::until_closed) {
        co_await write_bytes(out, piece);
    } else {
        auto chunk = fmt::format("{:x}\r\n", piece.size());
        const bool is_long = piece.size() > copied_bytes_max;
        if (is_long) {
            co_await write_bytes(out, chunk, Channel::More::yes);
            if (!out->gone) co_await write_bytes(out, piece, Channel::More::yes);
            chunk.clear();
        } else {
            chunk += piece;
        }
        chunk += "\r\n";
        if (!out->gone) co_await write_bytes(out, chunk);
    }
    out->written += piece.size();
    out->writing = false;
    co_return !out->gone;
}

Task<bool> write_stream(std::shared_ptr<Channel> channel, HttpResponse response, AnswerTerms terms, Body body) {
    const auto out = std::make_shared<Outgoing>(
        Outgoing{.channel = channel, .terms = terms, .patience = Patience(terms.streamed), .body = body}
    );
    const bool counted = body.framing == Framing::length;
    const auto start = head(response, body, terms, 0);
    // The header of a known body leaves with its first piece; events may be long in coming.
    const auto more = counted && body.length > 0 ? Channel::More::yes : Channel::More::no;
    co_await write_bytes(out, start, more);
    std::string bug;
    try {
        auto writer = [out](std::string piece) -> Task<bool> { return write_piece(out, std::move(piece)); };
        if (!out->gone) co_await response.stream(std::move(writer));
    } catch (const std::exception& problem) {
        bug = problem.what();
    }
    if (!bug.empty()) say_broken_off(bug);
    const bool whole = bug.empty() && !out->gone && !out->writing;
    if (whole && body.framing == Framing::chunks) co_await write_bytes(out, "0\r\n\r\n");
    const bool good = whole && !out->gone && (!counted || out->written == body.length);
    out->gone = true;
    co_return good&& terms.keep_alive;
}

}  // namespace

Task<bool> write_answer(std::shared_ptr<Channel> channel, HttpResponse response, AnswerTerms terms) {
    if (const auto bad = std::ranges::find_if_not(response.headers, is_one_line); bad != response.headers.end()) {
        log(Level::error, "http.bad-header", {{"name", bad->first}, {"value", bad->second}});
        response = HttpResponse::error(500, "internal", "a header of the answer is more than one line");
    }
    const auto body = body_of(response, terms.head_only, terms.version);
    if (body.framing == Framing::until_closed) terms.keep_alive = false;
    const bool bare = terms.head_only || body.framing == Framing::none;
    if (response.stream && !bare) {
        const bool kept = co_await write_stream(channel, std::move(response), std::move(terms), body);
        co_return kept;
    }
    const std::size_t body_bytes = bare ? 0 : response.body.size();
    const bool apart = body_bytes > copied_bytes_max;
    auto message = head(response, body, terms, apart ? 0 : body_bytes);
    if (!bare && !apart) message += response.body;
    // Most answers are small and fit into what the kernel takes at once.
    if (!apart) {
        const auto written = channel->write_at_once(message);
        if (written == message.size()) co_return terms.keep_alive;
        message.erase(0, written);
    }
    Patience patience(terms.whole);
    const auto more = apart ? Channel::More::yes : Channel::More::no;
    auto problem = co_await channel->write(message, &patience, more);
    if (apart && !problem) problem = co_await channel->write(response.body, &patience);
    co_return !problem && terms.keep_alive;
}

}  // namespace cloudshelf::io
