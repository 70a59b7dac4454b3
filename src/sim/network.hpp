#pragma once

#include "base/random.hpp"
#include "sim/process.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>

namespace cloudshelf::sim {

/// One way between two sites.
struct Way {
    int cuts = 0;  // faults that hold it
    Duration delay = std::chrono::milliseconds(1);
    Duration jitter = std::chrono::milliseconds(1);
    std::uint64_t lost_ppm = 0;   // messages in a million that never arrive
    std::uint64_t twice_ppm = 0;  // that arrive a second time, later
    TimePoint held_until{};       // by true time: nothing arrives before
};

/// Carries messages between sites: late, lost, twice, in another order.
class Network {
public:
    Network(Loop& loop, Random& random) : loop_(loop), random_(random) {}

    Way& way(Site from, Site to) { return ways_[index(from)][index(to)]; }
    /// How many faults say that the site's certificates have ended: it talks with nobody.
    int& expired(Site site) { return expired_[index(site)]; }
    /// Whether TLS between two sites fails, at once, for a certificate that has ended.
    bool refuses(Site a, Site b) const { return a != b && (expired_[index(a)] > 0 || expired_[index(b)] > 0); }
    bool passes(Site from, Site to) const {
        return from == to || (ways_[index(from)][index(to)].cuts == 0 && !refuses(from, to));
    }
    /// Whether both ways between two sites pass.
    bool meets(Site a, Site b) const { return passes(a, b) && passes(b, a); }
    /// How long a message takes now.
    Duration draw_delay(Site from, Site to);
    /// Every way as on a good day.
    void heal();

    void send(Site from, Site to, std::function<void()> arrives);

private:
    static std::size_t index(Site site) { return static_cast<std::size_t>(site); }

    Loop& loop_;
    Random& random_;
    std::array<std::array<Way, sites>, sites> ways_;
    std::array<int, sites> expired_{};
};

/// Asks a process of another site and waits for its answer, as over HTTP: nothing when it does not come in time, when
/// nobody listens there, or when it was lost: then what was asked for may have happened.
template <class R>
Task<std::optional<R>> call(
    Network& network, Process& from, Process& to, std::function<Task<R>()> work, Duration limit
);

// --- how -----------------------------------------------------------------------------------------------------------

namespace detail {

template <class R>
struct Pending {
    std::optional<R> value;
    bool done = false;
    std::coroutine_handle<> waiter;

    void resolve(std::optional<R> answer) {
        if (std::exchange(done, true)) return;
        value = std::move(answer);
        if (waiter) waiter.resume();
    }
    bool await_ready() const { return done; }
    void await_suspend(std::coroutine_handle<> handle) { waiter = handle; }
    void await_resume() const {}
};

template <class R>
struct Wait {
    std::shared_ptr<Pending<R>> pending;
    bool await_ready() const { return pending->done; }
    void await_suspend(std::coroutine_handle<> handle) { pending->waiter = handle; }
    void await_resume() const {}
};

template <class R>
Task<> serve(std::function<Task<R>()> work, std::function<void(R)> reply) {
    R answer = co_await work();
    reply(std::move(answer));
}

}  // namespace detail

template <class R>
Task<std::optional<R>> call(
    Network& network, Process& from, Process& to, std::function<Task<R>()> work, Duration limit
) {
    auto pending = std::make_shared<detail::Pending<R>>();
    // The answer reaches this life of the caller or nobody.
    // Who slept past its limit finds the answer and the time-out at once, and believes the time-out.
    const TimePoint deadline = from.now() + limit;
    const auto reply = [&network, &from, &to, pending, deadline, life = from.incarnation()](std::optional<R> answer) {
        network.send(to.site(), from.site(), [&from, pending, deadline, life, answer = std::move(answer)]() mutable {
            if (from.incarnation() != life) return;
            from.deliver([&from, pending, deadline, answer] {
                pending->resolve(from.now() < deadline ? answer : std::nullopt);
            });
        });
    };
    if (network.refuses(from.site(), to.site())) {
        co_await from.sleep(std::chrono::milliseconds(2));
        co_return std::nullopt;
    }
    network.send(from.site(), to.site(), [&to, work = std::move(work), reply] {
        if (!to.alive()) return reply(std::nullopt);
        to.deliver([&to, work, reply] {
            to.spawn(detail::serve<R>(work, [reply](R answer) { reply(std::move(answer)); }));
        });
    });
    from.after(limit, [pending] { pending->resolve(std::nullopt); });
    co_await detail::Wait<R>{pending};
    co_return pending->value;
}

}  // namespace cloudshelf::sim
