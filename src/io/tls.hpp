#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace cloudshelf::io {

/// Whose certificate a process shows, and whose it believes: PEM files. The CA file may hold several certificates, as
/// it does while one CA takes over from another.
struct TlsIdentity {
    std::filesystem::path certificate_file;
    std::filesystem::path key_file;
    std::filesystem::path ca_file;
};

/// The name that a site's certificate carries, "us-east-1.cloudshelf.internal". No name server knows it: it says who
/// somebody is, not where (docs/decisions/0011-tls-between-sites.md).
std::string site_host_name(std::string_view site);

struct FreeTlsSession {
    void operator()(ssl_st* session) const;
};
/// One connection's end of TLS, before its handshake.
using TlsSession = std::unique_ptr<ssl_st, FreeTlsSession>;

/// What handshakes are made with: TLS 1.3 and nothing older, no session tickets, so that every connection proves anew
/// who both ends are. The files are looked at before each handshake and read again when they have changed; what cannot
/// be read leaves the old in place and is logged as tls.reload-failed. Safe from any thread.
class TlsContext {
public:
    enum class ClientCertificate : bool { not_asked, required };
    struct Options {
        TlsIdentity identity;
        ClientCertificate client_certificate = ClientCertificate::required;  // of those who connect to us
        /// How long new files may be unusable before that is logged: a key is replaced a moment before its certificate.
        Duration patience = std::chrono::seconds(1);
    };

    /// Errors: "tls.files": which of them cannot be used, and why.
    static Result<std::shared_ptr<TlsContext>> open(Options options);
    ~TlsContext();

    TlsSession accepting();
    /// `expected`: the DNS name or the IPv4 address that the other side's certificate must carry as a subject
    /// alternative name (RFC 9525; the common name does not count).
    TlsSession connecting(const std::string& expected);

    /// Grows with each change of files that was taken. A connection made under an older one may be given up.
    std::uint64_t generation();
    /// When our certificate ends.
    std::chrono::sys_seconds expires();

private:
    struct Impl;
    explicit TlsContext(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::io
