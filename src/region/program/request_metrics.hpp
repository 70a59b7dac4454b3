#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace cloudshelf::program {

/// What was asked of a service and how it went, for its metrics. One thread.
class RequestMetrics {
public:
    /// `prefix`: of the metrics' names, "cloudshelf_tables".
    explicit RequestMetrics(std::string prefix) : prefix_(std::move(prefix)) {}

    /// `error`: the error's name, empty for what went well. `operation` is one of the service's or "unknown". `took`:
    /// until the answer's head; how long a client takes to take a body says nothing of us.
    void count(std::string_view operation, std::string_view error, Duration took);

    /// Appends Prometheus' text format: <prefix>_requests_total{operation, error} and
    /// <prefix>_request_seconds{operation} (a histogram).
    void append(std::string& to) const;

private:
    static constexpr std::array<double, 13> bounds_seconds{
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 30
    };
    struct OfOperation {
        std::map<std::string, std::uint64_t, std::less<>> by_error;
        std::array<std::uint64_t, bounds_seconds.size() + 1> in_bucket{};  // the last: slower than all bounds
        double seconds = 0;
    };
    std::string prefix_;
    std::map<std::string, OfOperation, std::less<>> operations_;
};

}  // namespace cloudshelf::program
