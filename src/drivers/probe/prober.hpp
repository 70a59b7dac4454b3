#pragma once

#include "base/result.hpp"
#include "core/health_check.hpp"
#include "core/probe_schedule.hpp"
#include "io/http.hpp"
#include "io/task.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::probe {

/// How long each part of a look may take.
struct Limits {
    Duration connect{};  // until the connection stands
    Duration status{};   // from then, until the status line and headers are there
    Duration body{};     // from then, until as much of the body as is wanted is there
    friend bool operator==(const Limits&, const Limits&) = default;
};
/// Route 53's: 4 s, 2 s and 2 s; TCP checks have 10 s to connect (Developer Guide, as in core/health_check.hpp).
Limits route53_limits(core::CheckType type);

/// A fresh connection for each look is what Route 53 makes and what proves most; a kept one costs far less, and is
/// shared by the targets at its endpoint: one look at a time, so that none waits for another's answer.
enum class Connections { fresh, kept };

/// What is looked at. A literal address: whoever resolves names has also to check where they lead.
struct Target {
    core::CheckType type = core::CheckType::http;  // http or tcp
    io::Endpoint endpoint;
    std::string host;  // for the Host header; empty: the address
    std::string path = "/";
    std::string search;
    Connections connections = Connections::fresh;
    std::optional<Limits> limits;  // unset: Route 53's
};

struct ProbeResult {
    core::Observation observation = core::Observation::not_made;
    int status = 0;           // HTTP; 0 where none came
    bool reused = false;      // the connection stood already
    Duration connected{};     // from the beginning until the connection stood; zero when it stood already or never did
    Duration first_answer{};  // from the beginning until the first bytes came; zero when none did
    Duration took{};
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

    /// Errors: "probe.unsupported" (another type of check), "probe.bad-target".
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
