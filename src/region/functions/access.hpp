#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/http.hpp"
#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/signing_key.hpp"
#include "wire/sigv4/verify.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// Who asks, and whether they may. One thread.
class Access {
public:
    Access(sigv4::Keyring keyring, RegionName region);

    /// Whether the request names a key of ours: worth reading a large body for. Proves nothing.
    bool names_known_key(const io::HttpRequest& request) const;

    /// Whose signature the request carries; lives as long as this. `digest`: of the body. Errors: those of
    /// sigv4::verify.
    Result<const sigv4::Credentials*> caller_of(
        const io::HttpRequest& request, std::string_view digest, std::int64_t wall_ms
    );

    /// `resource`: an ARN, or "*". Errors: AccessDeniedException.
    Result<void> permit(
        const sigv4::Credentials& caller,
        std::string_view operation,
        sigv4::Permission needed,
        std::string_view resource
    ) const;

    /// A target that is good for ten minutes without any header but Host.
    std::string presign(
        const std::string& target, std::string_view host, const sigv4::Credentials& by, std::int64_t wall_ms
    ) const;

private:
    sigv4::Keyring keyring_;
    RegionName region_;
    sigv4::Expected expected_;
    sigv4::SigningKeys keys_;
};

}  // namespace cloudshelf::functions
