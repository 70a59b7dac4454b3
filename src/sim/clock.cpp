#include "sim/clock.hpp"

namespace cloudshelf::sim {
namespace {

constexpr std::int64_t million = 1'000'000;
constexpr Duration for_ever = std::chrono::hours(24);

}  // namespace

void Clock::set(TimePoint now, TimePoint local, std::int64_t ppm) {
    true_base_ = now;
    local_base_ = local;
    ppm_ = ppm;
}

TimePoint Clock::read(TimePoint true_time) const {
    const std::int64_t elapsed = (true_time - true_base_).count();
    // In two parts, so that no day overflows.
    return local_base_ + Duration(elapsed + elapsed / million * ppm_ + elapsed % million * ppm_ / million);
}

Duration Clock::true_length(Duration local) const {
    if (ppm_ <= -million) return for_ever;
    const std::int64_t speed = million + ppm_;
    const std::int64_t whole = local.count() / speed;
    const std::int64_t rest = local.count() % speed;
    // Rounded up: who waits that long has waited long enough.
    return Duration(whole * million + (rest * million + speed - 1) / speed);
}

}  // namespace cloudshelf::sim
