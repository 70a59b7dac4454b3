#include "sim/clock.hpp"

#include <algorithm>

namespace cloudshelf::sim {
namespace {

__extension__ using Wide = __int128;
constexpr std::int64_t million = 1'000'000;
constexpr Duration moment = std::chrono::milliseconds(10);

}  // namespace

void Clock::set(TimePoint now, TimePoint local, std::int64_t ppm) {
    true_base_ = now;
    local_base_ = local;
    ppm_ = ppm;
}

TimePoint Clock::read(TimePoint true_time) const {
    const std::int64_t elapsed = (true_time - true_base_).count();
    return local_base_ + Duration(elapsed + static_cast<std::int64_t>(Wide(elapsed) * ppm_ / million));
}

Duration Clock::true_length(Duration local) const {
    if (ppm_ <= -million) return moment;  // it stands
    // Rounded up: who waits that long has waited long enough.
    const Wide scaled = Wide(local.count()) * million;
    const Duration length(static_cast<std::int64_t>((scaled + million + ppm_ - 1) / (million + ppm_)));
    return steady_ ? length : std::min(length, moment);
}

}  // namespace cloudshelf::sim
