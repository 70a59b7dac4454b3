#pragma once

#include "base/result.hpp"
#include "drivers/probe/target.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace cloudshelf::probe {

/// What a target's handshakes are made with: TLS 1.2 or 1.3.
struct TlsTerms {
    std::shared_ptr<ssl_ctx_st> context;
    std::string server_name;  // SNI; empty: none
    std::string verified;     // DNS name or IPv4 address that the certificate has to carry; empty: nothing is verified
};

/// Terms for targets; those of one CA file share what was read of it.
class TlsTermsMaker {
public:
    /// The CA file is read now, once for all targets that name it. Errors: "probe.bad-target".
    Result<TlsTerms> make(const Target& target);

private:
    std::map<std::filesystem::path, std::shared_ptr<ssl_ctx_st>> contexts_;
};

/// Our end of TLS on a connected, non-blocking socket that somebody else waits for. Every handshake is a whole one:
/// with a session taken up again no certificate would be seen.
class TlsClient {
public:
    enum class Want { nothing, to_read, to_write, closed, failed };
    struct Step {
        Want want = Want::nothing;
        std::size_t count = 0;  // bytes moved, when there is nothing to wait for
    };

    void begin(const TlsTerms& terms, int socket);
    bool has_begun() const { return session_ != nullptr; }
    Step shake_hands();
    Step write(std::string_view bytes);
    Step read(std::span<char> into);
    /// Tells the other side that this is no cut, as far as the socket takes it at once.
    void say_goodbye();
    /// Forgets the connection.
    void end() { session_.reset(); }

    /// Whether the handshake failed since the certificate did not pass.
    bool certificate_refused() const;
    /// When the other side's certificate ends; nothing where it showed none.
    std::optional<std::chrono::sys_seconds> certificate_ends() const;

private:
    struct Free {
        void operator()(ssl_st* session) const;
    };
    Step step(int outcome) const;

    std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace cloudshelf::probe
