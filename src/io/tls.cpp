#include "io/tls.hpp"

#include "base/assert.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"
#include "io/openssl.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <fmt/format.h>

#include <array>
#include <mutex>
#include <sys/stat.h>

namespace cloudshelf::io {
namespace {

using openssl::last_error;

/// What tells one version of a file from another without reading it.
using Stamp = std::array<std::int64_t, 5>;

Stamp stamp_of(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {
        static_cast<std::int64_t>(status.st_ino),
        status.st_size,
        status.st_mtim.tv_sec,
        status.st_mtim.tv_nsec,
        static_cast<std::int64_t>(status.st_dev),
    };
}

using Stamps = std::array<Stamp, 3>;

Stamps stamps_of(const TlsIdentity& identity) {
    return {stamp_of(identity.certificate_file), stamp_of(identity.key_file), stamp_of(identity.ca_file)};
}

Result<openssl::Context> load(const TlsContext::Options& options) {
    const TlsIdentity& files = options.identity;
    const auto unusable = [](const std::filesystem::path& file) {
        return fail("tls.files", fmt::format("{}: {}", file.string(), last_error()));
    };
    openssl::Context context(SSL_CTX_new(TLS_method()));
    if (!context) return fail("tls.files", last_error());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(context.get(), openssl::no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate_file.c_str()) != 1)
        return unusable(files.certificate_file);
    if (SSL_CTX_use_PrivateKey_file(context.get(), files.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1)
        return unusable(files.key_file);
    if (SSL_CTX_load_verify_file(context.get(), files.ca_file.c_str()) != 1) return unusable(files.ca_file);
    return context;
}

}  // namespace

std::string site_host_name(std::string_view site) {
    return fmt::format("{}.cloudshelf.internal", site);
}

void FreeTlsSession::operator()(ssl_st* session) const {
    SSL_free(session);
}

/// Between two looks at the files that no handshake makes necessary.
constexpr Duration look_interval = std::chrono::milliseconds(20);

struct TlsContext::Impl {
    Options options;
    std::mutex guard;
    openssl::Context context;
    Stamps loaded{};
    std::uint64_t generation = 1;
    Stamps refused{};  // files that could not be used, since when, and whether that was said
    TimePoint refused_at{};
    TimePoint look_after{};
    bool said = false;

    void look_again() {
        look_after = now() + look_interval;
        const Stamps now_there = stamps_of(options.identity);
        if (now_there == loaded) return;
        const bool known = now_there == refused;
        if (known && said) return;
        auto fresh = load(options);
        if (fresh) {
            context = std::move(*fresh);
            loaded = now_there;
            refused = {};
            ++generation;
            log(Level::info, "tls.reloaded", {{"file", options.identity.certificate_file.string()}});
            return;
        }
        if (!known) {
            refused = now_there;
            refused_at = now();
            said = false;
        }
        if (now() - refused_at < options.patience) return;
        said = true;
        log(Level::error, "tls.reload-failed", {{"why", fresh.error().message}});
    }

    TlsSession session() {
        look_again();
        return TlsSession(SSL_new(context.get()));
    }
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::open(Options options) {
    auto impl = std::make_unique<Impl>();
    impl->options = std::move(options);
    impl->loaded = stamps_of(impl->options.identity);
    auto context = load(impl->options);
    if (!context) return fail(context.error());
    impl->context = std::move(*context);
    return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

TlsSession TlsContext::accepting() {
    const std::scoped_lock lock(impl_->guard);
    TlsSession session = impl_->session();
    const bool asked = impl_->options.client_certificate == ClientCertificate::required;
    SSL_set_verify(session.get(), asked ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, nullptr);
    return session;
}

TlsSession TlsContext::connecting(const std::string& expected) {
    const std::scoped_lock lock(impl_->guard);
    TlsSession session = impl_->session();
    SSL_set_verify(session.get(), SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM* rules = SSL_get0_param(session.get());
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS);
    boost::system::error_code no_address;
    boost::asio::ip::make_address_v4(expected, no_address);
    const bool set = no_address ? X509_VERIFY_PARAM_set1_host(rules, expected.data(), expected.size()) == 1
                                : X509_VERIFY_PARAM_set1_ip_asc(rules, expected.c_str()) == 1;
    // A session without a name to check would believe anybody of our CA.
    CLOUDSHELF_ASSERT(set && !expected.empty());
    return session;
}

std::uint64_t TlsContext::generation() {
    const std::scoped_lock lock(impl_->guard);
    // Asked for every request on a kept connection: three files looked at each time would cost more than the request.
    if (now() >= impl_->look_after) impl_->look_again();
    return impl_->generation;
}

std::chrono::sys_seconds TlsContext::expires() {
    const std::scoped_lock lock(impl_->guard);
    impl_->look_again();
    return openssl::moment(X509_get0_notAfter(SSL_CTX_get0_certificate(impl_->context.get())));
}

}  // namespace cloudshelf::io
