#pragma once

#include "io/lease_page.hpp"

namespace cloudshelf::region {

/// What becomes of a write that arrives now.
enum class Gate {
    here,       // to the database of our region
    elsewhere,  // to the database of the region that is the writer
    hold,       // wait: a switchover is under way
    refuse,     // 503 write-fenced
};

/// A lease that has run out refuses, whatever the page says besides: its agent may be frozen (design §5, rule 3).
inline Gate gate(const io::LeaseView& view, TimePoint now) {
    switch (view.state) {
        case io::WriteState::writing:
            return now < view.deadline ? Gate::here : Gate::refuse;
        case io::WriteState::remote:
            return Gate::elsewhere;
        case io::WriteState::paused:
            return Gate::hold;
        case io::WriteState::fenced:
            break;
    }
    return Gate::refuse;
}

}  // namespace cloudshelf::region
