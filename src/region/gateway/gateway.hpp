#pragma once

#include "bookstore/ports.hpp"
#include "io/http.hpp"
#include "region/gateway/config.hpp"
#include "wire/sigv4/credentials.hpp"

#include <memory>
#include <string>

namespace cloudshelf::region {

/// The bookstore behind HTTP, with the write lease in front of it. Handlers run on threads of their own; the loop never
/// blocks. Reads and sign-ins have other threads than writes: while writes wait for a standby, customers still browse.
class Gateway {
public:
    struct Secret {
        std::string database_password;
        bookstore::Secrets sessions;
        sigv4::Credentials tables = {};
        sigv4::Credentials functions = {};
    };
    Gateway(io::Executor executor, GatewayConfig config, Secret secret);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    /// Binds, listens, and starts to look after the databases. Errors: "io.…", "gateway.bad-config".
    Result<void> start();
    /// Lets requests in progress end until the deadline. False: some have not.
    io::Task<bool> stop(io::Deadline deadline);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::region
