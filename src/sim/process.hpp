#pragma once

#include "base/time.hpp"
#include "sim/loop.hpp"
#include "sim/task.hpp"

#include <coroutine>
#include <cstdint>
#include <functional>
#include <list>

namespace cloudshelf::sim {

/// The places of the world; the outside is where customers are.
enum class Site : std::size_t { east, west, witness, outside };
inline constexpr std::size_t sites = 4;

/// A clock of its own speed.
struct Clock {
    double speed = 1;  // 1 + drift
    Duration ahead{};

    TimePoint read(TimePoint true_time) const;
    /// How long a duration of this clock takes by true time.
    Duration true_length(Duration local) const;
};

/// A process of the world: has coroutines, reads a clock, may be killed (its coroutines end where they stand), started
/// again, or paused (everything that reaches it waits).
class Process {
public:
    Process(Loop& loop, Site site, Clock clock) : loop_(loop), site_(site), clock_(clock) {}
    ~Process() { kill(); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    Site site() const { return site_; }
    bool alive() const { return alive_; }
    bool paused() const { return loop_.now() < paused_until_; }
    TimePoint now() const { return clock_.read(loop_.now()); }
    const Clock& clock() const { return clock_; }
    Loop& loop() { return loop_; }
    std::uint64_t incarnation() const { return incarnation_; }

    void start() { alive_ = true; }
    void kill();
    void pause(TimePoint until_true) { paused_until_ = until_true; }

    /// Runs for as long as the process lives.
    void spawn(Task<> root);
    /// Something for this life of the process: later if it is paused, never if it died meanwhile.
    void deliver(std::function<void()> what);
    /// The same after a while of its own clock.
    void after(Duration local, std::function<void()> what);

    auto sleep(Duration local) {
        struct Sleep {
            Process& process;
            Duration duration;
            bool await_ready() const { return false; }
            void await_suspend(std::coroutine_handle<> waiter) {
                process.after(duration, [waiter] { waiter.resume(); });
            }
            void await_resume() const {}
        };
        return Sleep{*this, local};
    }

private:
    void run(std::uint64_t incarnation, std::function<void()> what);

    Loop& loop_;
    Site site_;
    Clock clock_;
    bool alive_ = false;
    std::uint64_t incarnation_ = 0;
    TimePoint paused_until_{};
    std::list<Task<>> roots_;
};

}  // namespace cloudshelf::sim
