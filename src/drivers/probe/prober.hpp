#pragma once

#include "base/result.hpp"
#include "core/health_check.hpp"
#include "core/probe_schedule.hpp"
#include "drivers/probe/target.hpp"
#include "io/task.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace cloudshelf::probe {

struct ProbeResult {
    core::Observation observation = core::Observation::not_made;
    int status = 0;           // HTTP's, or DNS's RCODE; 0 where none came
    bool reused = false;      // the connection stood already
    Duration connected{};     // from the beginning until the connection stood; zero when it stood already or never did
    Duration secured{};       // from the beginning until TLS stood; zero as above
    Duration first_answer{};  // from the beginning until the first bytes came; zero when none did
    Duration took{};
    /// Of the certificate shown on this connection, below zero once it has ended, at most 100 years either way; nothing
    /// without TLS, or where the handshake failed. What it means is core::judge_certificate()'s to say.
    std::optional<Duration> expires_in;
};

/// Carries looks out, thousands a second on one core: no allocation, coroutine or timer of its own per look. Lives on
/// one executor that runs on one thread. Redirects are not followed: they pass, as with Route 53. Connections are
/// closed with a reset, or every look would leave its port in TIME_WAIT for a minute.
class Prober {
public:
    struct Options {
        std::size_t concurrency_max = 256;  // looks at once; more wait for their turn
    };
    /// Told of every look that begin() began, except of targets removed meanwhile. May call begin().
    using Sink = std::function<void(core::ProbeId, const ProbeResult&)>;

    Prober(io::Executor executor, Options options, Sink sink);
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    /// Errors: "probe.unsupported" (a type of check that is not probed), "probe.bad-target" (which says why).
    Result<core::ProbeId> add(Target target);
    void remove(core::ProbeId id);

    /// Begins a look, or lines it up. False when the target's last look is not over yet, or there is no such target.
    bool begin(core::ProbeId id);
    /// Looks begun and not over, waiting ones included.
    std::size_t under_way() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::probe
