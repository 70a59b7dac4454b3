#include "core/detection.hpp"

namespace cloudshelf::core {

const char* name(Verdict verdict) {
    switch (verdict) {
        case Verdict::unknown:
            return "unknown";
        case Verdict::healthy:
            return "healthy";
        case Verdict::suspect:
            return "suspect";
        case Verdict::down:
            return "down";
        case Verdict::unreachable_but_streaming:
            return "unreachable-but-streaming";
    }
    return "?";
}

void RegionHealth::saw(const std::string& vantage, View view, bool late, TimePoint now) {
    Vantage& known = vantages_[vantage];
    known.seen = now;
    known.streams = view.streams;
    if (view.answers) {
        known.failures = 0;
    } else if (!late) {
        ++known.failures;
    }
}

Verdict RegionHealth::verdict(TimePoint now) const {
    int fresh = 0;
    int against = 0;
    bool any_failure = false;
    bool streams = false;
    for (const auto& [name, vantage] : vantages_) {
        if (now - vantage.seen > options_.view_age_max) continue;
        ++fresh;
        against += vantage.failures >= options_.failure_threshold ? 1 : 0;
        any_failure |= vantage.failures > 0;
        streams |= vantage.streams;
    }
    // Too few to condemn it; but one that reaches it proves that it is there.
    if (fresh < options_.quorum) return fresh > 0 && !any_failure ? Verdict::healthy : Verdict::unknown;
    // All fresh vantages have to agree as well: one that reaches the region proves that it is there.
    if (against >= options_.quorum && against == fresh)
        return streams ? Verdict::unreachable_but_streaming : Verdict::down;
    return any_failure ? Verdict::suspect : Verdict::healthy;
}

}  // namespace cloudshelf::core
