#pragma once

#include "base/clock_reading.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::core {

/// How much faster (above 0) or slower another clock runs than ours, in parts per million: certainly not outside.
struct RateBounds {
    double lower_ppm = 0;
    double upper_ppm = 0;

    double width() const { return upper_ppm - lower_ppm; }
    /// The most and the least that the two may differ, whoever is faster.
    double most() const;
    double least() const;
};

/// How far another wall clock is ahead of ours, in milliseconds: certainly not outside.
struct WallOffset {
    std::int64_t lower_ms = 0;
    std::int64_t upper_ms = 0;

    /// The least that the two may differ, whoever is ahead.
    std::int64_t least_ms() const;
};

/// Against ρ. `unknown`: what was measured so far allows both.
enum class ClockVerdict { unknown, within, beyond };
const char* name(ClockVerdict verdict);

/// One question and its answer. The other machine read its clocks somewhere between the two moments.
struct ClockSample {
    TimePoint asked_at;
    TimePoint answered_at;
    std::int64_t wall_ms = 0;  // ours when answered
    ClockReading theirs;
};

/// Bounds the rate of one other machine's clock against ours, from nothing but questions and answers
/// (docs/decisions/0012).
///
/// Nothing is assumed of the network: an answer may take its time on either way. Two samples bound the mean rate in
/// between, the better the longer they are apart. Of each slot of time the narrowest sample is kept, and slots for as
/// long as the window is. A rate may change (time daemons slew): every stretch of the window is judged for itself.
class ClockComparison {
public:
    struct Options {
        int drift_ppm_max = 200;  // ρ
        Duration window = std::chrono::minutes(10);
        Duration slot = std::chrono::seconds(5);
    };
    explicit ClockComparison(Options options) : options_(options) {}

    enum class Continuity { goes_on, began_anew };
    /// Begins anew where the other machine was started again, or its clock did what no drift explains. A sample asked
    /// before the newest one (overtaken on the wire) is ignored.
    Continuity hear(const ClockSample& sample);

    /// The mean rate over the worst stretch of the window: the one that proves most where some stretch proves that ρ
    /// was exceeded; else the one that allows most, of those long enough to say something. Nothing before two samples.
    const std::optional<RateBounds>& rate() const { return rate_; }
    ClockVerdict verdict() const;
    /// What deadlines have to allow for: the most that was measured, where that may exceed ρ; else 0. A measurement too
    /// short to tell asks for nothing, or every start would.
    double drift_ppm() const;

    const std::optional<WallOffset>& wall_offset() const { return wall_offset_; }
    /// How often it began anew.
    int jumps() const { return jumps_; }

private:
    struct Kept {
        std::int64_t slot = 0;
        TimePoint asked_at;
        TimePoint answered_at;
        TimePoint theirs;

        Duration width() const { return answered_at - asked_at; }
    };
    static std::optional<RateBounds> between(const Kept& first, const Kept& second);
    bool jumped(const Kept& now, const std::string& id) const;
    std::optional<RateBounds> worst_stretch() const;

    Options options_;
    std::string id_;
    std::optional<Kept> last_;
    std::vector<Kept> kept_;  // oldest first, one of each slot
    std::optional<RateBounds> rate_;
    std::optional<WallOffset> wall_offset_;
    int jumps_ = 0;
};

}  // namespace cloudshelf::core
