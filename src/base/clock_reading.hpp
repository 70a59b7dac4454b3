#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace cloudshelf {

/// What a machine says of its clocks in answer to another: both read at one moment between question and answer.
struct ClockReading {
    std::string id;            // of this run of the machine: the monotonic clock begins anew with another
    TimePoint monotonic;       // only differences mean anything
    std::int64_t wall_ms = 0;  // since 1970, UTC: for people and certificates
};

}  // namespace cloudshelf
