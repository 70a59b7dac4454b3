#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::postgres {

using Row = std::vector<std::optional<std::string>>;

struct Answer {
    std::vector<Row> rows;
    std::string command_tag;
    std::vector<std::string> warnings;  // "01000 canceling wait for synchronous replication…"
};

/// A connection to a server, blocking. Parameters as libpq's (PostgreSQL 15, 34.1.2): host, port, user, password, …
/// The password stays in memory: it is never in a command line or a log.
class Connection {
public:
    /// Errors: "postgres.connect" (not_done).
    static Result<Connection> open(std::map<std::string, std::string> parameters, Duration limit);

    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    /// One statement with text parameters. Errors: "postgres.<SQLSTATE>" (not_done), "postgres.connection" (unknown:
    /// the server may have done it), "postgres.sync-cancelled" (unknown: committed here, perhaps not at the standby;
    /// the warning 01000 that comes with a COMMIT whose wait for synchronous replication was cancelled).
    Result<Answer> execute(const std::string& sql, std::vector<std::string> parameters = {});

    bool is_open() const;

private:
    struct Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::postgres
