#include "drivers/probe/tls_client.hpp"

#include "base/assert.hpp"
#include "io/openssl.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <sys/socket.h>

namespace cloudshelf::probe {

namespace openssl = io::openssl;

namespace {

constexpr std::array<unsigned char, 9> http_1_1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};  // RFC 7301 §3.1

int socket_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int write_socket(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

int read_socket(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::recv(socket_of(bio), data, static_cast<std::size_t>(size), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(count);
}

long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int opened(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
}

/// OpenSSL's own would raise SIGPIPE when the other side has gone.
const BIO_METHOD* socket_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        CLOUDSHELF_ASSERT(made != nullptr);
        BIO_meth_set_write(made, write_socket);
        BIO_meth_set_read(made, read_socket);
        BIO_meth_set_ctrl(made, control);
        BIO_meth_set_create(made, opened);
        return made;
    }();
    return method;
}

int accept_any(X509_STORE_CTX*, void*) {
    return 1;
}

Result<std::shared_ptr<SSL_CTX>> open_context(const std::filesystem::path& ca_file) {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    CLOUDSHELF_ASSERT(context);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    // Many servers end without a goodbye; an answer that was cut short shows in its own framing.
    SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_read_ahead(context.get(), 1);  // one call for a record instead of two
    if (ca_file.empty()) {
        // Not even looked at, which is a good part of what a handshake costs.
        SSL_CTX_set_cert_verify_callback(context.get(), accept_any, nullptr);
        return context;
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1)
        return fail("probe.bad-target", fmt::format("{}: {}", ca_file.string(), openssl::last_error()));
    return context;
}

}  // namespace

Result<TlsTerms> TlsTermsMaker::make(const Target& target) {
    auto& context = contexts_[target.ca_file];
    if (!context) {
        auto opened = open_context(target.ca_file);
        if (!opened) return fail(opened.error());
        context = std::move(*opened);
    }
    TlsTerms terms{.context = context};
    boost::system::error_code no_address;
    boost::asio::ip::make_address_v4(target.host, no_address);
    if (no_address) terms.server_name = target.host;  // no addresses there: RFC 6066 §3
    if (!target.ca_file.empty()) terms.verified = target.host.empty() ? target.endpoint.address : target.host;
    return terms;
}

void TlsClient::Free::operator()(ssl_st* session) const {
    SSL_free(session);
}

void TlsClient::begin(const TlsTerms& terms, int socket) {
    session_.reset(SSL_new(terms.context.get()));
    CLOUDSHELF_ASSERT(session_);
    SSL* session = session_.get();
    BIO* bio = BIO_new(socket_method());
    CLOUDSHELF_ASSERT(bio != nullptr);
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    SSL_set_bio(session, bio, bio);
    SSL_set_connect_state(session);
    SSL_set_alpn_protos(session, http_1_1.data(), http_1_1.size());
    if (!terms.server_name.empty()) SSL_set_tlsext_host_name(session, terms.server_name.c_str());
    if (terms.verified.empty()) return;
    X509_VERIFY_PARAM* rules = SSL_get0_param(session);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(rules, terms.verified.c_str()) == 1;
    const bool set = is_address || X509_VERIFY_PARAM_set1_host(rules, terms.verified.c_str(), 0) == 1;
    CLOUDSHELF_ASSERT(set);  // without a name to check anybody of that CA would be believed
    ERR_clear_error();
}

TlsClient::Step TlsClient::shake_hands() {
    ERR_clear_error();
    return step(SSL_do_handshake(session_.get()));
}

TlsClient::Step TlsClient::write(std::string_view bytes) {
    ERR_clear_error();
    return step(SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())));
}

TlsClient::Step TlsClient::read(std::span<char> into) {
    ERR_clear_error();
    return step(SSL_read(session_.get(), into.data(), static_cast<int>(into.size())));
}

void TlsClient::say_goodbye() {
    ERR_clear_error();
    if (session_ && SSL_is_init_finished(session_.get()) == 1) SSL_shutdown(session_.get());
}

TlsClient::Step TlsClient::step(int outcome) const {
    if (outcome > 0) return {.count = static_cast<std::size_t>(outcome)};
    switch (SSL_get_error(session_.get(), outcome)) {
        case SSL_ERROR_WANT_READ:
            return {.want = Want::to_read};
        case SSL_ERROR_WANT_WRITE:
            return {.want = Want::to_write};
        case SSL_ERROR_ZERO_RETURN:
        case SSL_ERROR_SYSCALL:
            return {.want = Want::closed};
        default:
            return {.want = Want::failed};
    }
}

bool TlsClient::certificate_refused() const {
    return session_ && SSL_get_verify_mode(session_.get()) != SSL_VERIFY_NONE &&
           SSL_get_verify_result(session_.get()) != X509_V_OK;
}

std::optional<std::chrono::sys_seconds> TlsClient::certificate_ends() const {
    const X509* certificate = session_ ? SSL_get0_peer_certificate(session_.get()) : nullptr;
    if (certificate == nullptr) return std::nullopt;
    return openssl::moment(X509_get0_notAfter(certificate));
}

}  // namespace cloudshelf::probe
