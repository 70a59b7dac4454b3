#include "region/tables/request_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace cloudshelf::tables {
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
    to +=
        "# HELP cloudshelf_tables_requests_total Requests by operation and error (empty: it went well).\n"
        "# TYPE cloudshelf_tables_requests_total counter\n";
    for (const auto& [operation, counted] : operations_) {
        for (const auto& [error, count] : counted.by_error) {
            fmt::format_to(
                out, "cloudshelf_tables_requests_total{{operation=\"{}\",error=\"{}\"}} {}\n", operation, error, count
            );
        }
    }
    to +=
        "# HELP cloudshelf_tables_request_seconds From the request's last byte to its answer.\n"
        "# TYPE cloudshelf_tables_request_seconds histogram\n";
    for (const auto& [operation, counted] : operations_) {
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i <= bounds_seconds.size(); ++i) {
            so_far += counted.in_bucket[i];
            const auto bound = i < bounds_seconds.size() ? fmt::format("{}", bounds_seconds[i]) : "+Inf";
            fmt::format_to(
                out,
                "cloudshelf_tables_request_seconds_bucket{{operation=\"{}\",le=\"{}\"}} {}\n",
                operation,
                bound,
                so_far
            );
        }
        fmt::format_to(
            out, "cloudshelf_tables_request_seconds_sum{{operation=\"{}\"}} {}\n", operation, counted.seconds
        );
        fmt::format_to(out, "cloudshelf_tables_request_seconds_count{{operation=\"{}\"}} {}\n", operation, so_far);
    }
}

}  // namespace cloudshelf::tables
