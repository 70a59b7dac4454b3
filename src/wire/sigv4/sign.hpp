#pragma once

#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/request.hpp"

#include <chrono>
#include <string>

namespace cloudshelf::sigv4 {

struct SigningOptions {
    std::string region;
    std::string service;
    Dialect dialect = Dialect::plain;
};

/// The headers to add to a request, which has its `host` already and gets signed with all headers it has: X-Amz-Date,
/// X-Amz-Security-Token where there is one, X-Amz-Content-Sha256 for S3, Authorization.
Headers sign(const Request& request, const Credentials& credentials, const SigningOptions& options, Time now);

/// A target (path and query) that carries its signature and needs no headers but `host`. `lifetime`: 1 to 604800 s.
std::string presign(
    const Request& request,
    const Credentials& credentials,
    const SigningOptions& options,
    Time now,
    std::chrono::seconds lifetime
);

}  // namespace cloudshelf::sigv4
