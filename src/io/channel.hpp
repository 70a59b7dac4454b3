#pragma once

#include "base/time.hpp"
#include "io/patience.hpp"
#include "io/task.hpp"
#include "io/tls.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cloudshelf::io {

/// A connection, plain or under TLS: a stream as Beast wants one (AsyncStream) whose deadline holds for both. Which of
/// the two is decided while it runs, so that HTTP is compiled once. For the HTTP client and server only: slow to
/// compile.
class Channel {
public:
    using Plain = boost::beast::basic_stream<boost::asio::ip::tcp, Executor>;
    using executor_type = Plain::executor_type;

    explicit Channel(Executor executor) : plain_(std::move(executor)) {}
    explicit Channel(boost::asio::ip::tcp::socket socket) : plain_(std::move(socket)) {}

    executor_type get_executor() { return plain_.get_executor(); }
    Plain& plain() { return plain_; }
    boost::asio::ip::tcp::socket& socket() { return plain_.socket(); }
    void expires_after(Duration duration) { plain_.expires_after(duration); }
    void expires_never() { plain_.expires_never(); }

    enum class Side { accepting, connecting };
    /// Puts TLS on the connection, within the deadline set. Errors: of asio and OpenSSL, beast::error::timeout; `why`
    /// says more.
    Task<boost::system::error_code> shake_hands(TlsSession session, Side side);
    /// What was wrong with the other side's certificate, or with the handshake.
    std::string why(boost::system::error_code problem);

    /// Ends the connection, under TLS with close_notify, so that the other side can tell the end from a cut.
    Task<void> close();
    /// Ends the connection as well, but goes on reading until then, so that what was said last (an alert, an early
    /// answer) is not lost with what arrives meanwhile: a close with unread data resets the connection.
    Task<void> linger(Duration limit);

    /// Writes what the kernel takes at once, without a turn of the loop; answers how much. None under TLS, and none
    /// when something is wrong, which the next async_write_some tells.
    enum class More : bool { no, yes };  // yes: the next write follows soon, they may leave together
    std::size_t write_at_once(std::string_view bytes, More more = More::no);
    /// Writes all of it, in as large steps as the kernel takes. `bytes` and `patience` outlive the call.
    Task<boost::system::error_code> write(std::string_view bytes, Patience* patience, More more = More::no);
    /// How much could be read without waiting. None under TLS, where that is not known.
    std::size_t unread();

    std::uint64_t generation = 0;  // of the TLS files it was made under

    template <class Buffers, class Token>
    typename boost::asio::async_result<std::decay_t<Token>, void(boost::system::error_code, std::size_t)>::return_type
    async_read_some(const Buffers& buffers, Token&& token) {
        const auto start = [this](auto handler, const Buffers& into) {
            if (tls_) {
                tls_->async_read_some(into, std::move(handler));
            } else {
                plain_.async_read_some(into, std::move(handler));
            }
        };
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(start, token, buffers);
    }
    template <class Buffers, class Token>
    typename boost::asio::async_result<std::decay_t<Token>, void(boost::system::error_code, std::size_t)>::return_type
    async_write_some(const Buffers& buffers, Token&& token) {
        const auto start = [this](auto handler, const Buffers& from) {
            if (tls_) {
                tls_->async_write_some(from, std::move(handler));
            } else {
                plain_.async_write_some(from, std::move(handler));
            }
        };
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(start, token, buffers);
    }

private:
    Plain plain_;
    std::optional<boost::asio::ssl::stream<Plain&>> tls_;
    bool secured_ = false;
};

/// Whether the other side refused our certificate, or the lack of one: with TLS 1.3 that is said after our handshake
/// has ended, in answer to the first bytes sent. None of them was used.
bool is_refusal_of_certificate(boost::system::error_code problem);

}  // namespace cloudshelf::io
