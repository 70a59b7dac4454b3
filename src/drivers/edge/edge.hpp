#pragma once

#include "drivers/edge/options.hpp"
#include "io/clock.hpp"

#include <string>
#include <sys/types.h>

namespace cloudshelf::edge {

/// Where nginx is, whatever PATH says: Debian keeps it where only root's reaches. Empty: nowhere.
std::string nginx_program();

/// An nginx of our own in front of a pair of website endpoints. It runs in the foreground as our child, and dies with
/// us; everything it writes lies in its folder, which it finds again: the cache outlives it. All calls block.
class Edge {
public:
    explicit Edge(EdgeOptions options);
    /// Stops it at once.
    ~Edge();
    Edge(const Edge&) = delete;
    Edge& operator=(const Edge&) = delete;

    /// Writes the configuration, has nginx test it, starts it and waits until it listens. Errors: "edge.bad-option",
    /// "edge.bad-configuration" (in nginx's words), "edge.no-nginx", "io.address-in-use", "edge.not-up".
    Result<void> start(io::Deadline deadline);

    /// The same with other options, without losing a connection. What nginx refuses changes nothing. Folder, address
    /// and ports stay: options that differ in them are refused ("edge.bad-option"). Errors besides: "edge.not-running".
    Result<void> reload(EdgeOptions options, io::Deadline deadline);

    /// Opens the logs anew, after somebody has moved them away.
    Result<void> reopen_logs();

    /// Requests in progress end until the deadline; what is left then is cut.
    void stop(io::Deadline deadline);

    bool running() const;
    pid_t pid() const { return pid_; }
    const EdgeOptions& options() const { return options_; }

private:
    Result<void> prepare(const EdgeOptions& options, io::Deadline deadline) const;
    Result<void> signal(int number) const;

    EdgeOptions options_;
    mutable pid_t pid_ = 0;  // 0: none, or its end was seen
};

}  // namespace cloudshelf::edge
