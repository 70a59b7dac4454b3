#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace cloudshelf::lambda_runtime {

/// How much of what an invocation wrote its caller may have.
inline constexpr std::size_t log_tail_bytes = 4096;

/// "START RequestId: … Version: 7\n"
std::string start_line(std::string_view request_id, std::string_view version);
std::string end_line(std::string_view request_id);

struct Report {
    std::string_view request_id;
    Duration duration{};
    std::size_t memory_mib = 0;
    std::size_t memory_max_mib = 0;
    Duration init_duration{};  // zero: the environment was up
};
/// Billed by the millisecond that began.
std::string report_line(const Report& report);

/// The last bytes of a log, never more than log_tail_bytes.
std::string_view tail_of(std::string_view log);

}  // namespace cloudshelf::lambda_runtime
