#include "region/program/request_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace cloudshelf::program {
namespace {

template <class Key, class Value>
Value& entry(std::map<Key, Value, std::less<>>& map, std::string_view key) {
    const auto found = map.find(key);
    return found != map.end() ? found->second : map[std::string(key)];
}

}  // namespace

void RequestMetrics::count(std::string_view operation, std::string_view error, Duration took) {
    auto& counted = entry(operations_, operation);
    ++entry(counted.by_error, error);
    const double seconds = std::chrono::duration<double>(took).count();
    const auto bucket = std::ranges::lower_bound(bounds_seconds, seconds) - bounds_seconds.begin();
    ++counted.in_bucket[static_cast<std::size_t>(bucket)];
    counted.seconds += seconds;
}

void RequestMetrics::append(std::string& to) const {
    auto out = std::back_inserter(to);
    fmt::format_to(
        out,
        "# HELP {0}_requests_total Requests by operation and error (empty: it went well).\n"
        "# TYPE {0}_requests_total counter\n",
        prefix_
    );
    for (const auto& [operation, counted] : operations_) {
        for (const auto& [error, count] : counted.by_error) {
            fmt::format_to(
                out, "{}_requests_total{{operation=\"{}\",error=\"{}\"}} {}\n", prefix_, operation, error, count
            );
        }
    }
    fmt::format_to(
        out,
        "# HELP {0}_request_seconds From when the service has the request to its answer.\n"
        "# TYPE {0}_request_seconds histogram\n",
        prefix_
    );
    const std::string name = prefix_ + "_request_seconds";
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

}  // namespace cloudshelf::program
