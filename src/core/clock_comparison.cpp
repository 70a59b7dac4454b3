#include "core/clock_comparison.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cmath>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

/// Beyond both, what happened between two samples was no drift: a clock that was set, a machine that was paused.
constexpr Duration jump_min = 1s;
constexpr double jump_share = 0.1;

}  // namespace

double RateBounds::most() const {
    return std::max(std::abs(lower_ppm), std::abs(upper_ppm));
}
double RateBounds::least() const {
    return std::max({lower_ppm, -upper_ppm, 0.0});
}
std::int64_t WallOffset::least_ms() const {
    return std::max<std::int64_t>({lower_ms, -upper_ms, 0});
}

const char* name(ClockVerdict verdict) {
    switch (verdict) {
        case ClockVerdict::unknown:
            return "unknown";
        case ClockVerdict::within:
            return "within";
        case ClockVerdict::beyond:
            return "beyond";
    }
    return "?";
}

ClockComparison::Continuity ClockComparison::hear(const ClockSample& sample) {
    CLOUDSHELF_ASSERT(sample.asked_at <= sample.answered_at);
    if (last_ && sample.asked_at < last_->asked_at) return Continuity::goes_on;
    const Kept now{
        .slot = sample.asked_at.time_since_epoch() / options_.slot,
        .asked_at = sample.asked_at,
        .answered_at = sample.answered_at,
        .theirs = sample.theirs.monotonic,
    };
    const bool anew = jumped(now, sample.theirs.id);
    if (anew) {
        ++jumps_;
        kept_.clear();
        rate_.reset();
    }
    id_ = sample.theirs.id;
    last_ = now;

    const bool new_slot = kept_.empty() || kept_.back().slot != now.slot;
    if (new_slot || now.width() < kept_.back().width()) {
        // Read at the same moment, to the millisecond that both are cut to.
        const std::int64_t width_ms = now.width() / 1ms + 1;
        const std::int64_t since_answer = sample.theirs.wall_ms - sample.wall_ms;
        wall_offset_ = WallOffset{.lower_ms = since_answer - 1, .upper_ms = since_answer + width_ms + 1};

        if (!new_slot) kept_.pop_back();
        kept_.push_back(now);
        std::erase_if(kept_, [&](const Kept& old) { return now.asked_at - old.asked_at > options_.window; });
        rate_ = worst_stretch();
    }
    return anew ? Continuity::began_anew : Continuity::goes_on;
}

bool ClockComparison::jumped(const Kept& now, const std::string& id) const {
    if (!last_) return false;
    if (id != id_) return true;
    const Duration theirs = now.theirs - last_->theirs;
    const Duration shortest = now.asked_at - last_->answered_at;  // may be negative: questions overlap
    const Duration longest = now.answered_at - last_->asked_at;
    const Duration apart = std::max(theirs - longest, shortest - theirs);
    return apart > jump_min + Duration(static_cast<std::int64_t>(static_cast<double>(longest.count()) * jump_share));
}

/// The other clock was read somewhere within each sample, and cut to a nanosecond.
std::optional<RateBounds> ClockComparison::between(const Kept& first, const Kept& second) {
    const auto shortest = static_cast<double>((second.asked_at - first.answered_at).count());
    const auto longest = static_cast<double>((second.answered_at - first.asked_at).count());
    if (shortest <= 0) return std::nullopt;
    const auto theirs = static_cast<double>((second.theirs - first.theirs).count());
    const double least = theirs - 1;
    const double most = theirs + 1;
    return RateBounds{
        .lower_ppm = (least / (least >= 0 ? longest : shortest) - 1) * 1e6,
        .upper_ppm = (most / (most >= 0 ? shortest : longest) - 1) * 1e6,
    };
}

std::optional<RateBounds> ClockComparison::worst_stretch() const {
    const double enough = options_.drift_ppm_max / 4.0;
    std::optional<RateBounds> proves_most;
    std::optional<RateBounds> allows_most;  // of the shortest stretch from each sample on that is precise enough
    std::optional<RateBounds> narrowest;
    for (std::size_t i = 0; i < kept_.size(); ++i) {
        bool measured = false;
        for (std::size_t j = i + 1; j < kept_.size(); ++j) {
            const auto bounds = between(kept_[i], kept_[j]);
            if (!bounds) continue;
            if (!proves_most || bounds->least() > proves_most->least()) proves_most = bounds;
            if (!narrowest || bounds->width() < narrowest->width()) narrowest = bounds;
            if (measured || bounds->width() > enough) continue;
            measured = true;
            if (!allows_most || bounds->most() > allows_most->most()) allows_most = bounds;
        }
    }
    if (proves_most && proves_most->least() > options_.drift_ppm_max) return proves_most;
    return allows_most ? allows_most : narrowest;
}

ClockVerdict ClockComparison::verdict() const {
    if (!rate_) return ClockVerdict::unknown;
    if (rate_->least() > options_.drift_ppm_max) return ClockVerdict::beyond;
    return rate_->most() <= options_.drift_ppm_max ? ClockVerdict::within : ClockVerdict::unknown;
}

double ClockComparison::drift_ppm() const {
    if (!rate_ || rate_->most() <= options_.drift_ppm_max) return 0;
    const bool measured = verdict() == ClockVerdict::beyond || rate_->width() <= options_.drift_ppm_max;
    return measured ? rate_->most() : 0;
}

}  // namespace cloudshelf::core
