#include "region/objects/request_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace cloudshelf::objects {

void RequestMetrics::count(std::string_view operation, std::string_view error, Duration took) {
    auto& counted = operations_[std::string(operation)];
    ++counted.by_error[std::string(error)];
    const double seconds = std::chrono::duration<double>(took).count();
    const auto bucket = std::ranges::lower_bound(bounds_seconds, seconds) - bounds_seconds.begin();
    ++counted.in_bucket[static_cast<std::size_t>(bucket)];
    counted.seconds += seconds;
}

void RequestMetrics::append(std::string& to) const {
    auto out = std::back_inserter(to);
    to +=
        "# HELP cloudshelf_objects_requests_total Requests by operation and error (empty: it went well).\n"
        "# TYPE cloudshelf_objects_requests_total counter\n";
    for (const auto& [operation, counted] : operations_) {
        for (const auto& [error, count] : counted.by_error) {
            fmt::format_to(
                out, "cloudshelf_objects_requests_total{{operation=\"{}\",error=\"{}\"}} {}\n", operation, error, count
            );
        }
    }
    to +=
        "# HELP cloudshelf_objects_request_seconds From the request's head, or its document, to the answer's head.\n"
        "# TYPE cloudshelf_objects_request_seconds histogram\n";
    constexpr std::string_view name = "cloudshelf_objects_request_seconds";
    for (const auto& [operation, counted] : operations_) {
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i <= bounds_seconds.size(); ++i) {
            so_far += counted.in_bucket[i];
            const auto bound = i < bounds_seconds.size() ? fmt::format("{}", bounds_seconds[i]) : "+Inf";
            fmt::format_to(out, "{}_bucket{{operation=\"{}\",le=\"{}\"}} {}\n", name, operation, bound, so_far);
        }
        fmt::format_to(out, "{}_sum{{operation=\"{}\"}} {}\n", name, operation, counted.seconds);
        fmt::format_to(out, "{}_count{{operation=\"{}\"}} {}\n", name, operation, so_far);
    }
}

}  // namespace cloudshelf::objects
