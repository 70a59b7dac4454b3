#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace cloudshelf::objects {

/// What was asked and how it went, for /-/metrics. One thread.
class RequestMetrics {
public:
    /// `error`: S3's code, empty for what went well. `operation` is one of ours or "unknown". Until the answer's head:
    /// how long a client takes to take a body says nothing of us.
    void count(std::string_view operation, std::string_view error, Duration took);

    /// Appends Prometheus' text format: cloudshelf_objects_requests_total{operation, error} and
    /// cloudshelf_objects_request_seconds{operation} (a histogram).
    void append(std::string& to) const;

private:
    static constexpr std::array<double, 10> bounds_seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 2.5, 30};
    struct OfOperation {
        std::map<std::string, std::uint64_t, std::less<>> by_error;
        std::array<std::uint64_t, bounds_seconds.size() + 1> in_bucket{};  // the last: slower than all bounds
        double seconds = 0;
    };
    std::map<std::string, OfOperation, std::less<>> operations_;
};

}  // namespace cloudshelf::objects
