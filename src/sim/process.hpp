#pragma once

#include "base/time.hpp"
#include "sim/clock.hpp"
#include "sim/loop.hpp"
#include "sim/task.hpp"

#include <coroutine>
#include <cstdint>
#include <functional>
#include <list>
#include <map>

namespace cloudshelf::sim {

/// The places of the world; the outside is where customers are.
enum class Site : std::size_t { east, west, witness, outside };
inline constexpr std::size_t sites = 4;

/// A process of the world: has coroutines, reads its site's clock, may be killed (its coroutines end where they stand),
/// started again, or paused (everything that reaches it waits).
class Process {
public:
    Process(Loop& loop, Site site, const Clock& clock) : loop_(loop), site_(site), clock_(clock) {}
    ~Process() { kill(); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    Site site() const { return site_; }
    bool alive() const { return alive_; }
    bool paused() const { return loop_.now() < paused_until_; }
    /// Neither dead nor asleep.
    bool runs() const { return alive_ && !paused(); }
    TimePoint now() const { return clock_.read(loop_.now()); }
    Loop& loop() { return loop_; }
    std::uint64_t incarnation() const { return incarnation_; }

    void start() { alive_ = true; }
    void kill();
    /// The site's clock runs at another speed from now on: what waits for a time of it waits longer, or shorter.
    void clock_changed();
    void pause(TimePoint until_true) { paused_until_ = std::max(paused_until_, until_true); }

    /// Runs for as long as the process lives.
    void spawn(Task<> root);
    /// Something for this life of the process: later if it is paused, never if it died meanwhile.
    void deliver(std::function<void()> what);
    /// The same after a while of its own clock.
    void after(Duration local, std::function<void()> what) { wait_until(now() + local, incarnation_, std::move(what)); }

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
    void wait_until(TimePoint local, std::uint64_t incarnation, std::function<void()> what);
    void arm(std::uint64_t timer, TimePoint local);
    void ring(std::uint64_t timer);

    Loop& loop_;
    Site site_;
    const Clock& clock_;
    bool alive_ = false;
    std::uint64_t incarnation_ = 0;
    TimePoint paused_until_{};
    std::list<Task<>> roots_;
    struct Timer {
        TimePoint local;
        std::uint64_t incarnation;
        std::function<void()> what;
    };
    std::map<std::uint64_t, Timer> timers_;  // only of a clock that may change
    std::uint64_t next_timer_ = 0;
};

}  // namespace cloudshelf::sim
