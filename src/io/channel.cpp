#include "io/channel.hpp"

#include "io/openssl.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <array>
#include <sys/socket.h>

namespace cloudshelf::io {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

/// So much may go out without a turn of the loop for anybody else.
constexpr std::size_t bytes_per_turn = 64 << 10;

}  // namespace

Task<error_code> Channel::shake_hands(TlsSession session, Side side) {
    tls_.emplace(plain_, session.release());
    const auto role = side == Side::accepting ? asio::ssl::stream_base::server : asio::ssl::stream_base::client;
    error_code problem;
    co_await tls_->async_handshake(role, asio::redirect_error(asio::use_awaitable, problem));
    secured_ = !problem;
    co_return problem;
}

std::string Channel::why(error_code problem) {
    const long verdict = tls_ ? SSL_get_verify_result(tls_->native_handle()) : X509_V_OK;
    if (verdict == X509_V_OK) return problem.message();
    return fmt::format("{}: {}", problem.message(), X509_verify_cert_error_string(verdict));
}

Task<void> Channel::close() {
    error_code ignored;
    if (secured_) {
        secured_ = false;
        // Says that theirs has come: we send ours and do not wait, since an idle peer reads nothing (RFC 8446 §6.1 lets
        // each side close for itself).
        SSL_set_shutdown(tls_->native_handle(), SSL_RECEIVED_SHUTDOWN);
        plain_.expires_after(1s);
        co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
    }
    plain_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    plain_.socket().close(ignored);
}

Task<void> Channel::linger(Duration limit) {
    error_code ended;
    const auto deadline = Deadline::after(limit);
    if (secured_) {
        secured_ = false;
        SSL_set_shutdown(tls_->native_handle(), SSL_RECEIVED_SHUTDOWN);
        plain_.expires_after(limit);
        co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ended));
    }
    plain_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ended);
    std::array<char, 16384> unread;
    for (ended = {}; !ended && !deadline.passed();) {
        plain_.expires_after(deadline.remaining());
        co_await plain_.async_read_some(asio::buffer(unread), asio::redirect_error(asio::use_awaitable, ended));
    }
    plain_.socket().close(ended);
}

std::size_t Channel::write_at_once(std::string_view bytes, More more) {
    if (tls_) return 0;
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more == More::yes ? MSG_MORE : 0);
    const auto written = ::send(socket().native_handle(), bytes.data(), bytes.size(), flags);
    return written < 0 ? 0 : static_cast<std::size_t>(written);
}

Task<error_code> Channel::write(std::string_view bytes, Patience* patience, More more) {
    if (patience->left() == Duration::zero()) co_return boost::beast::error::timeout;
    error_code problem;
    const auto at_once = write_at_once(bytes, more);
    bytes.remove_prefix(at_once);
    // Who never has to wait must not keep the loop from the others.
    if (bytes.empty() && at_once >= bytes_per_turn) co_await asio::post(get_executor(), asio::use_awaitable);
    // Not asio::async_write, which cuts into 64 KiB with a turn of the loop for each.
    while (!bytes.empty() && !problem) {
        const auto began = now();
        plain_.expires_after(patience->left());
        const auto from = asio::buffer(bytes);
        const auto written = co_await async_write_some(from, asio::redirect_error(asio::use_awaitable, problem));
        patience->waited(now() - began, written);
        bytes.remove_prefix(written);
    }
    co_return problem;
}

std::size_t Channel::unread() {
    error_code ignored;
    return tls_ ? 0 : socket().available(ignored);
}

bool is_refusal_of_certificate(error_code problem) {
    if (problem.category() != asio::error::get_ssl_category()) return false;
    const int alert = ERR_GET_REASON(static_cast<unsigned long>(problem.value())) - SSL_AD_REASON_OFFSET;
    return (alert >= SSL3_AD_BAD_CERTIFICATE && alert <= TLS1_AD_ACCESS_DENIED) ||
           alert == TLS13_AD_CERTIFICATE_REQUIRED;
}

}  // namespace cloudshelf::io
