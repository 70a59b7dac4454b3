#include "io/http_incoming.hpp"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

#include <utility>

namespace cloudshelf::io {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

/// What is read of a body that nobody wants, to keep its connection.
constexpr std::size_t unwanted_bytes_max = 256 << 10;

Error error_of(error_code problem) {
    if (problem == beast::error::timeout) return {.code = "io.timeout", .message = "the body comes too slowly"};
    if (problem == http::error::body_limit) return {.code = "io.body-too-large", .message = problem.message()};
    if (problem.category() == http::make_error_code(http::error::bad_chunk).category())
        return {.code = "io.bad-request", .message = problem.message()};
    return {.code = "io.closed", .message = "the body ended early: " + problem.message()};
}

}  // namespace

IncomingBody::IncomingBody(Options options, MessageBody<true>::Head&& head)
    : connection_(std::move(options.connection)),
      body_(&connection_->channel, &connection_->buffer, std::move(head)),
      patience_(options.patience),
      owes_continue_(options.expects_continue) {}

Task<Result<std::string>> IncomingBody::next() {
    return read(shared_from_this());
}

Task<Result<std::string>> IncomingBody::read(std::shared_ptr<IncomingBody> self) {
    if (self->failed_) co_return fail(*self->failed_);
    if (self->reading_) co_return fail("io.closed", "the piece before is still being read");
    self->reading_ = true;
    error_code problem;
    if (std::exchange(self->owes_continue_, false) && self->connection_->buffer.size() == 0) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        problem = co_await self->connection_->channel.write(go_on, &self->patience_);
    }
    std::string piece;
    if (!problem) problem = co_await self->body_.next(&piece, &self->patience_);
    self->reading_ = false;
    if (problem && !self->failed_) self->failed_ = error_of(problem);
    if (self->failed_) co_return fail(*self->failed_);
    co_return std::move(piece);
}

bool IncomingBody::take_back() {
    const bool usable = !failed_ && !reading_;
    failed_ = Error{.code = "io.closed", .message = "the request was answered"};
    // Who waits for a 100 Continue may send the body all the same, or not: nobody could tell what comes next.
    return usable && !owes_continue_ && body_.left().value_or(0) <= unwanted_bytes_max;
}

Task<bool> IncomingBody::finish(std::shared_ptr<IncomingBody> self) {
    std::string piece;
    for (std::size_t thrown_away = 0; !self->body_.ended(); thrown_away += piece.size()) {
        if (thrown_away > unwanted_bytes_max) co_return false;
        const auto problem = co_await self->body_.next(&piece, &self->patience_);
        if (problem) co_return false;
    }
    co_return true;
}

}  // namespace cloudshelf::io
