#pragma once

#include "io/channel.hpp"
#include "io/http.hpp"
#include "io/patience.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::io {

/// How far a request came before it failed: decides what may be said of it, and whether it may be sent again.
enum class Reached { nothing_sent, sent, answer_begun };

struct Attempt {
    Result<HttpResponse> answer;
    Reached reached = Reached::nothing_sent;
    bool closed = false;       // by the other side
    bool used_source = false;  // an upload that cannot begin anew
    bool reusable = false;     // the connection, for another request
};

Error exchange_error(const char* code, const Endpoint& to, const std::string& what, Reached reached);

/// Ends an attempt with what went wrong on its connection. `missing`: what did not come in time.
void end_attempt(Attempt* attempt, boost::system::error_code problem, const Endpoint& to, const char* missing);

/// The request as Beast writes it; its body's length is still to be told.
boost::beast::http::request<boost::beast::http::string_body> message_of(
    HttpRequest request, const Endpoint& to, bool keep_alive
);

/// What a request moves piece by piece instead of whole.
struct Pieces {
    std::optional<Upload> upload;
    BodySink sink;  // null: the answer is collected
};

struct ExchangeTerms {
    Endpoint to;
    bool keep_alive = true;
    std::size_t body_bytes_max = 0;  // of an answer that is collected
    Patience::Options patience;      // with the deadline of the whole
};

/// One request and its answer on a connection that stands. The channel outlives it.
Task<Attempt> exchange_pieces(
    Channel* channel, HttpRequest request, std::shared_ptr<const Pieces> pieces, ExchangeTerms terms
);

}  // namespace cloudshelf::io
