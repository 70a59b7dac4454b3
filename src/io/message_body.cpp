#include "io/message_body.hpp"

#include "io/http.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace cloudshelf::io {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

/// Read at a time while nothing is there: a connection that waits holds no more than this.
constexpr std::size_t fill_bytes = 16 << 10;

}  // namespace

template <bool is_request>
MessageBody<is_request>::MessageBody(Channel* channel, beast::flat_buffer* buffer, Head&& head)
    : channel_(channel), buffer_(buffer), parser_(std::move(head)) {
    on_chunk_ = [this](std::uint64_t, std::string_view bytes, error_code&) {
        piece_->append(bytes);
        return bytes.size();
    };
    parser_.eager(true);
    if (parser_.is_done()) {
        length_ = 0;
    } else if (parser_.chunked()) {
        parser_.on_chunk_body(on_chunk_);
    } else if (parser_.content_length()) {
        length_ = left_ = *parser_.content_length();
    }
    ended_ = length_ == 0;
}

template <bool is_request>
std::optional<std::uint64_t> MessageBody<is_request>::left() const {
    if (!length_) return std::nullopt;
    return left_;
}

template <bool is_request>
Task<error_code> MessageBody<is_request>::next(std::string* piece, Patience* patience) {
    piece->clear();
    error_code problem;
    if (ended_) {
    } else if (length_) {
        problem = co_await next_counted(piece, patience);
    } else if (parser_.chunked()) {
        problem = co_await next_of_chunks(piece, patience);
    } else {
        problem = co_await next_until_close(piece, patience);
    }
    co_return problem;
}

/// What is there already is read into the piece, by its size; while nothing is, only the small buffer waits.
template <bool is_request>
Task<error_code> MessageBody<is_request>::next_counted(std::string* piece, Patience* patience) {
    error_code problem;
    const auto there = buffer_->size() > 0 ? 0 : channel_->unread();
    if (there > 0) {
        const auto wanted = std::min({std::uint64_t{there}, std::uint64_t{body_piece_bytes_max}, left_});
        piece->resize_and_overwrite(wanted, [](char*, std::size_t size) { return size; });
        std::size_t came = 0;
        problem = co_await read(asio::buffer(*piece), &came, patience);
        piece->resize(came);
    } else {
        if (buffer_->size() == 0) problem = co_await fill(patience);
        take(piece, left_);
    }
    left_ -= piece->size();
    ended_ = left_ == 0;
    co_return problem;
}

template <bool is_request>
Task<error_code> MessageBody<is_request>::next_of_chunks(std::string* piece, Patience* patience) {
    error_code problem = parse_chunks(piece);
    while (!problem && piece->empty() && !ended_) {
        problem = co_await fill(patience);
        if (!problem) problem = parse_chunks(piece);
    }
    co_return problem;
}

template <bool is_request>
Task<error_code> MessageBody<is_request>::next_until_close(std::string* piece, Patience* patience) {
    error_code problem;
    if (buffer_->size() == 0) problem = co_await fill(patience);
    take(piece, body_piece_bytes_max);
    // Under TLS a cut without close_notify is another error, and stays one.
    if (problem == asio::error::eof) {
        ended_ = true;
        problem = {};
    }
    co_return problem;
}

template <bool is_request>
Task<error_code> MessageBody<is_request>::read(asio::mutable_buffer space, std::size_t* came, Patience* patience) {
    error_code problem;
    // What is there already would be read for ever, whatever the time.
    if (patience->left() == Duration::zero()) co_return beast::error::timeout;
    const auto began = now();
    channel_->expires_after(patience->left());
    *came = co_await channel_->async_read_some(space, asio::redirect_error(asio::use_awaitable, problem));
    patience->waited(now() - began, *came);
    co_return problem;
}

template <bool is_request>
Task<error_code> MessageBody<is_request>::fill(Patience* patience) {
    // Not beast::read_size, which asks for no more than the buffer happens to have.
    const auto room = std::min(fill_bytes, buffer_->max_size() - buffer_->size());
    if (room == 0) co_return http::error::buffer_overflow;
    std::size_t came = 0;
    const auto space = buffer_->prepare(room);
    const auto problem = co_await read(space, &came, patience);
    buffer_->commit(came);
    co_return problem;
}

template <bool is_request>
error_code MessageBody<is_request>::parse_chunks(std::string* piece) {
    error_code problem;
    piece_ = piece;
    while (buffer_->size() > 0 && !parser_.is_done() && !problem) {
        const auto used = parser_.put(buffer_->data(), problem);
        buffer_->consume(used);
    }
    piece_ = nullptr;
    ended_ = parser_.is_done();
    if (problem == http::error::need_more) problem = {};
    return problem;
}

template <bool is_request>
void MessageBody<is_request>::take(std::string* piece, std::uint64_t bytes_max) {
    const auto bytes = buffer_->data();
    const auto size = std::min({std::uint64_t{bytes.size()}, bytes_max, std::uint64_t{body_piece_bytes_max}});
    piece->assign(static_cast<const char*>(bytes.data()), size);
    buffer_->consume(size);
}

template class MessageBody<true>;
template class MessageBody<false>;

}  // namespace cloudshelf::io
