#include "io/patience.hpp"

#include <algorithm>

namespace cloudshelf::io {

Patience::Patience(Options options) : options_(options), left_(options.idle) {}

Duration Patience::left() const {
    return std::min(left_, options_.deadline.remaining());
}

void Patience::waited(Duration waited, std::size_t bytes_moved) {
    left_ = std::max(left_ - waited, Duration::zero());
    if (options_.bytes_per_second_min == 0) return;
    // In seconds: nanoseconds would overflow.
    const auto given_back = static_cast<double>(bytes_moved) / static_cast<double>(options_.bytes_per_second_min);
    const auto idle_seconds = std::chrono::duration<double>(options_.idle).count();
    const auto gained = std::chrono::duration<double>(std::min(given_back, idle_seconds));
    left_ = std::min(options_.idle, left_ + std::chrono::duration_cast<Duration>(gained));
}

}  // namespace cloudshelf::io
