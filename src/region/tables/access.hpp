#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/http.hpp"
#include "region/tables/operation.hpp"
#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/signing_key.hpp"
#include "wire/sigv4/verify.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string_view>

namespace cloudshelf::tables {

/// Who asks, and whether they may. One thread.
class Access {
public:
    Access(sigv4::Keyring keyring, RegionName region);

    /// Whose signature the request carries; lives as long as this. Errors: those of sigv4::verify.
    Result<const sigv4::Credentials*> caller_of(const io::HttpRequest& request, std::int64_t wall_ms);

    /// Errors: AccessDeniedException.
    Result<void> permit(
        const sigv4::Credentials& caller,
        std::string_view operation,
        sigv4::Permission needed,
        const boost::json::object& body
    ) const;

private:
    sigv4::Keyring keyring_;
    RegionName region_;
    sigv4::Expected expected_;
    sigv4::SigningKeys keys_;
};

}  // namespace cloudshelf::tables
