#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "region/objects/operation.hpp"
#include "wire/sigv4/signing_key.hpp"

#include <cstdint>
#include <string>

namespace cloudshelf::objects {

/// Who asks. One thread.
class Access {
public:
    Access(const sigv4::Keyring& keyring, const Accounts& accounts, std::string region);

    /// Whose signature the request carries; one without any is anonymous. A body that is streamed is not here yet:
    /// that it is what was signed is seen when it comes (receive_body). Errors: S3's, of requests that are signed
    /// wrongly (SignatureDoesNotMatch, InvalidAccessKeyId, RequestTimeTooSkewed, …).
    Result<Caller> identify(const io::HttpRequest& request, std::int64_t wall_ms);

private:
    const sigv4::Keyring& keyring_;
    const Accounts& accounts_;
    sigv4::Expected expected_;
    sigv4::SigningKeys keys_;
};

}  // namespace cloudshelf::objects
