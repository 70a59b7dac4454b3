#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/http.hpp"
#include "io/task.hpp"

#include <cstdint>
#include <memory>

namespace cloudshelf::io {

/// What one direction of a link does to the bytes that pass.
struct LinkWeather {
    bool cut = false;       // nothing passes and nothing is closed: what was sent arrives once it heals, as TCP would
    Duration delay{};       // each piece arrives this much later
    Duration jitter{};      // and up to this much more; the order stays
    std::size_t slice = 0;  // bytes per piece at most; 0: as they come
};

/// One way of a link: its weather now, and what passed. Shared by all connections that go that way.
struct LinkWay {
    LinkWeather weather;
    std::uint64_t bytes_passed = 0;
    std::uint64_t bytes_held = 0;  // arrived, and not handed on yet
};

/// A TCP relay of one port of a link, the twin's wide-area network: what reaches `listen` goes on to `to`, through the
/// weather of both ways. A refused or lost connection at one end is closed at the other, unless the way is cut.
/// Lives on one executor; the ways outlive it.
class Relay {
public:
    struct Options {
        Endpoint listen;
        Endpoint to;
        std::shared_ptr<LinkWay> there;
        std::shared_ptr<LinkWay> back;
        std::uint64_t seed = 1;                // of the jitter
        std::size_t held_bytes_max = 1 << 20;  // per connection and way; then the sender is made to wait
    };

    Relay(Executor executor, Options options);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Errors: "io.address-in-use", "io.listen".
    Result<void> start();
    std::uint16_t port() const;
    /// Closes every connection that passes now, as a restarted router would.
    void reset();
    std::size_t connections() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::io
