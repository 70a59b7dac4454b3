#pragma once

#include "base/time.hpp"
#include "io/clock.hpp"

#include <cstddef>

namespace cloudshelf::io {

/// How long a peer may take over a body. It has `idle`; waiting uses that up, and each byte that moves gives a little
/// back, never beyond `idle`: so neither silence nor a byte now and then holds a connection for ever, and a long body
/// may take as long as it needs. Only waiting counts, not what we do between.
class Patience {
public:
    struct Options {
        Duration idle;
        std::size_t bytes_per_second_min = 0;  // 0: nothing is given back, `idle` is for the whole
        Deadline deadline = Deadline(TimePoint::max());
    };
    explicit Patience(Options options);

    /// For the next wait; zero when it is used up.
    Duration left() const;
    void waited(Duration waited, std::size_t bytes_moved);

private:
    Options options_;
    Duration left_;
};

}  // namespace cloudshelf::io
