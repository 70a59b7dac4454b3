#include "io/clock.hpp"

#include "base/assert.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <ctime>
#include <fstream>

namespace cloudshelf::io {

TimePoint now() {
    timespec time{};
    CLOUDSHELF_ASSERT(clock_gettime(CLOCK_BOOTTIME, &time) == 0);
    return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

const std::string& clock_id() {
    static const std::string id = [] {
        std::ifstream file("/proc/sys/kernel/random/boot_id");
        std::string text;
        std::getline(file, text);
        return text;
    }();
    return id;
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
    boost::asio::steady_timer timer(executor, duration);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace cloudshelf::io
