#pragma once

#include "drivers/postgres/connection.hpp"
#include "drivers/postgres/options.hpp"

#include <map>
#include <string>

namespace cloudshelf::postgres {

/// How servers are reached, and as whom: our own over its unix socket as administrator, the other region's as
/// replicator, by TLS where we have it.
class Access {
public:
    explicit Access(const ClusterOptions& options) : options_(options) {}

    /// Our own server. `settings`: libpq's `options`, "-c statement_timeout=3000". Errors: "postgres.connect".
    Result<Connection> admin(const std::string& database, Duration limit, const std::string& settings = "") const;
    /// Another region's server. Errors: "postgres.connect".
    Result<Connection> replicator(const Address& server, Duration limit) const;
    /// The way to another region's server for programs and the server itself (PostgreSQL 15, 34.1.1); the password lies
    /// in `<pgconf>/pgpass`.
    std::string conninfo(const Address& server) const;
    /// Of a role ("admin", "replicator", "bookstore"); empty where its file cannot be read.
    std::string password(const std::string& role) const;

private:
    std::map<std::string, std::string> way_to(const Address& server) const;

    const ClusterOptions& options_;
};

}  // namespace cloudshelf::postgres
