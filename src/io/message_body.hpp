#pragma once

#include "io/channel.hpp"
#include "io/patience.hpp"
#include "io/task.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::io {

/// The body of one message, piece by piece, behind a header that was parsed alone. Takes over what the header's reader
/// left in the buffer, and leaves there what follows the body. For the HTTP client and server only: slow to compile.
/// The channel and the buffer outlive it.
template <bool is_request>
class MessageBody {
public:
    using Head = boost::beast::http::parser<is_request, boost::beast::http::string_body>;

    MessageBody(Channel* channel, boost::beast::flat_buffer* buffer, Head&& head);
    MessageBody(const MessageBody&) = delete;
    MessageBody& operator=(const MessageBody&) = delete;

    /// The next piece, of at most body_piece_bytes_max; empty at the end. Errors: asio::error::eof when it ended early,
    /// beast::error::timeout, and those of Beast's parser. All three outlive the call.
    Task<boost::system::error_code> next(std::string* piece, Patience* patience);

    bool ended() const { return ended_; }
    /// Of the whole, or nothing when only the end tells.
    std::optional<std::uint64_t> length() const { return length_; }
    /// Whether the other side's closing is its end.
    bool until_close() const { return !length_ && !parser_.chunked(); }
    /// Still to come, where that is known.
    std::optional<std::uint64_t> left() const;

private:
    Task<boost::system::error_code> next_counted(std::string* piece, Patience* patience);
    Task<boost::system::error_code> next_of_chunks(std::string* piece, Patience* patience);
    Task<boost::system::error_code> next_until_close(std::string* piece, Patience* patience);
    Task<boost::system::error_code> read(boost::asio::mutable_buffer space, std::size_t* came, Patience* patience);
    Task<boost::system::error_code> fill(Patience* patience);
    boost::system::error_code parse_chunks(std::string* piece);
    void take(std::string* piece, std::uint64_t bytes_max);

    Channel* channel_;
    boost::beast::flat_buffer* buffer_;
    boost::beast::http::parser<is_request, boost::beast::http::empty_body> parser_;
    std::function<std::size_t(std::uint64_t, std::string_view, boost::system::error_code&)> on_chunk_;
    std::string* piece_ = nullptr;  // where chunks go while they are parsed
    std::optional<std::uint64_t> length_;
    std::uint64_t left_ = 0;
    bool ended_ = false;
};

}  // namespace cloudshelf::io
