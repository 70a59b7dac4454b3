#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace cloudshelf {

/// A sample's figures. Percentiles by the nearest rank: always a value that was measured.
struct Summary {
    std::size_t n = 0;
    double min = 0;
    double median = 0;
    double p95 = 0;
    double p99 = 0;
    double max = 0;
};

inline Summary summarize(std::vector<double> values) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    const auto rank = [&](double share) {
        const auto n = static_cast<double>(values.size());
        return values[static_cast<std::size_t>(std::max(1.0, std::ceil(share * n))) - 1];
    };
    return {values.size(), values.front(), rank(0.5), rank(0.95), rank(0.99), values.back()};
}

}  // namespace cloudshelf
