#include "io/channel.hpp"

#include "io/openssl.hpp"

#include <boost/asio/buffer.hpp>
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

Task<void> Channel::linger() {
    error_code ended;
    plain_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ended);
    plain_.expires_after(200ms);
    std::array<char, 4096> unread;
    for (int rounds = 0; !ended && rounds < 16; ++rounds) {
        co_await plain_.async_read_some(asio::buffer(unread), asio::redirect_error(asio::use_awaitable, ended));
    }
    plain_.socket().close(ended);
}

std::size_t Channel::write_at_once(std::string_view bytes) {
    if (tls_) return 0;
    const auto written = ::send(socket().native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return written < 0 ? 0 : static_cast<std::size_t>(written);
}

bool is_refusal_of_certificate(error_code problem) {
    if (problem.category() != asio::error::get_ssl_category()) return false;
    const int alert = ERR_GET_REASON(static_cast<unsigned long>(problem.value())) - SSL_AD_REASON_OFFSET;
    return (alert >= SSL3_AD_BAD_CERTIFICATE && alert <= TLS1_AD_ACCESS_DENIED) ||
           alert == TLS13_AD_CERTIFICATE_REQUIRED;
}

}  // namespace cloudshelf::io
