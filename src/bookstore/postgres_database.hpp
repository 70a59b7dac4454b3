#pragma once

#include "base/time.hpp"
#include "bookstore/ports.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cloudshelf::bookstore {

struct PostgresServer {
    std::string region;
    std::string host;  // an address, or the folder of a Unix socket
    std::uint16_t port = 5432;
    std::string certificate_name;  // expected in the server's certificate; empty: no TLS
    std::string ca_file;           // who must have signed it
};

struct PostgresOptions {
    std::string database = "bookstore";
    std::string user = "bookstore";
    std::string password;  // empty: none
    std::string application = "gateway";
    std::size_t connections_max = 32;
    Duration connect_limit = std::chrono::milliseconds(800);
    Duration statement_limit = std::chrono::seconds(3);  // then the server gives up; a wait for the standby, too
};

/// Connections to one server. They outlive its promotion: sessions opened on a standby can write as soon as it is the
/// primary, so that the first write after a failover finds them ready. Safe from several threads.
class PostgresPool {
public:
    PostgresPool(PostgresServer server, PostgresOptions options);
    ~PostgresPool();
    PostgresPool(const PostgresPool&) = delete;
    PostgresPool& operator=(const PostgresPool&) = delete;

    const std::string& region() const;
    /// Opens connections until `count` are idle. Errors: "db.unavailable".
    Result<void> warm(std::size_t count);

    enum class Role { primary, standby };
    /// Asks the server, on a connection of its own, within the limit. Errors: "db.unavailable". One thread at a time.
    Result<Role> role(Duration limit);

    struct Impl;
    Impl& impl() { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

/// Database over pools: writes go to `writer`; reads go to `readers` in this order, newest ones to the writer first.
/// Cheap to make, one per request. A null writer: begin() answers "db.unavailable".
class PostgresDatabase : public Database {
public:
    PostgresDatabase(PostgresPool* writer, std::vector<PostgresPool*> readers);
    Result<std::unique_ptr<Transaction>> begin(Durability durability) override;
    Result<Rows> read(Freshness freshness, const Statement& statement, const std::vector<Value>& parameters) override;

private:
    PostgresPool* writer_;
    std::vector<PostgresPool*> readers_;
};

/// Creates what the bookstore needs in its database, or brings it up to date; again changes nothing.
/// Errors: "db.unavailable", "db.failed".
Result<void> schema_migrate(PostgresPool& pool);

}  // namespace cloudshelf::bookstore
