#include "region/contents/scrub_pace.hpp"

#include <algorithm>
#include <cmath>

namespace cloudshelf::contents {
namespace {

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::uint64_t ScrubPace::bytes_per_second(std::uint64_t store_bytes) const {
    const double wanted = static_cast<double>(store_bytes) / std::max(seconds(options_.whole_every), 1.0);
    const auto least = static_cast<double>(options_.bytes_per_second_min);
    const auto most = static_cast<double>(std::max(options_.bytes_per_second_max, options_.bytes_per_second_min));
    return static_cast<std::uint64_t>(std::clamp(std::ceil(wanted), least, most));
}

std::int64_t ScrubPace::allowed(std::uint64_t store_bytes, TimePoint now) {
    const auto rate = static_cast<double>(bytes_per_second(store_bytes));
    if (now > told_) allowed_ = std::min(allowed_ + rate * seconds(now - told_), rate);
    told_ = std::max(told_, now);
    return static_cast<std::int64_t>(std::floor(allowed_));
}

void ScrubPace::read(std::uint64_t bytes) {
    allowed_ -= static_cast<double>(bytes);
}

Duration ScrubPace::wait(std::uint64_t store_bytes, TimePoint now) {
    if (allowed(store_bytes, now) > 0) return Duration::zero();
    const auto rate = static_cast<double>(std::max<std::uint64_t>(bytes_per_second(store_bytes), 1));
    return std::chrono::ceil<Duration>(std::chrono::duration<double>((1 - allowed_) / rate));
}

}  // namespace cloudshelf::contents
