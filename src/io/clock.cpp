#include "io/clock.hpp"

#include "base/assert.hpp"
#include "io/file.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace cloudshelf::io {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t million = 1'000'000;

/// How much faster than the machine's this process's clock runs, on purpose.
std::int64_t faster_ppm() {
    static const char* asked = std::getenv("CLOUDSHELF_CLOCK_PPM");
    static const std::int64_t ppm =
        asked == nullptr ? 0 : std::clamp<std::int64_t>(std::strtoll(asked, nullptr, 10), -million / 2, million);
    return ppm;
}

/// `count` × `numerator` / `denominator`, without the product overflowing.
Duration scaled(Duration duration, std::int64_t numerator, std::int64_t denominator) {
    const std::int64_t count = duration.count();
    return Duration(count / denominator * numerator + count % denominator * numerator / denominator);
}

std::string boot_id() {
    auto id = read_file("/proc/sys/kernel/random/boot_id", 4096).value_or("unknown");
    while (!id.empty() && id.back() == '\n') id.pop_back();
    if (faster_ppm() != 0) id += fmt::format("{:+}ppm", faster_ppm());
    return id;
}

timespec read(clockid_t clock) {
    timespec time{};
    CLOUDSHELF_ASSERT(clock_gettime(clock, &time) == 0);
    return time;
}

}  // namespace

TimePoint now() {
    const timespec time = read(CLOCK_BOOTTIME);
    const Duration since_boot = std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    return TimePoint(faster_ppm() == 0 ? since_boot : scaled(since_boot, million + faster_ppm(), million));
}

ClockReading read_clocks() {
    static const std::string id = boot_id();
    const timespec wall = read(CLOCK_REALTIME);
    return {.id = id, .monotonic = now(), .wall_ms = wall.tv_sec * 1000 + wall.tv_nsec / million};
}

std::string utc_now() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    tm parts{};
    gmtime_r(&time.tv_sec, &parts);
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        parts.tm_year + 1900,
        parts.tm_mon + 1,
        parts.tm_mday,
        parts.tm_hour,
        parts.tm_min,
        parts.tm_sec,
        time.tv_nsec / 1'000'000
    );
}

Duration Deadline::remaining() const {
    const Duration left = at_ - now();
    return left > Duration::zero() ? left : Duration::zero();
}

Deadline Deadline::sooner(Duration duration) const {
    const TimePoint other = now() + duration;
    return Deadline(other < at_ ? other : at_);
}

Task<void> wait_for(Duration duration) {
    const auto executor = co_await boost::asio::this_coro::executor;
    // The timer runs by the machine's clock.
    if (faster_ppm() != 0) duration = scaled(duration, million, million + faster_ppm());
    boost::asio::steady_timer timer(executor, duration);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace cloudshelf::io
