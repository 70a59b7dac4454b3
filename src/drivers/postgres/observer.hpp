#pragma once

#include "base/ids.hpp"
#include "drivers/postgres/connection.hpp"
#include "drivers/postgres/options.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cloudshelf::postgres {

/// One look at the server.
struct Observation {
    bool running = false;
    bool in_recovery = false;
    bool streaming = false;  // as a standby: from its primary; as a primary: to its standby
    bool standby_is_sync = false;
    std::string system_id;
    std::uint32_t timeline = 0;
    Lsn lsn{0};       // as a primary: written
    Lsn received{0};  // as a standby
    Lsn replayed{0};
    std::uint64_t lag_bytes = 0;
    double lag_seconds = 0;  // age of the heartbeat row seen here, less one beat
};

/// Looks at the local server over a connection that it keeps, so that looking never waits for doing. Calls block, one
/// at a time.
class Observer {
public:
    explicit Observer(ClusterOptions options) : options_(std::move(options)) {}

    /// Errors: "postgres.connect" when it does not run.
    Result<Observation> observe();

private:
    ClusterOptions options_;
    std::optional<Connection> connection_;
};

}  // namespace cloudshelf::postgres
