#include "wire/lambda_runtime/log_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::lambda_runtime {
namespace {

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

std::string start_line(std::string_view request_id, std::string_view version) {
    return fmt::format("START RequestId: {} Version: {}\n", request_id, version);
}

std::string end_line(std::string_view request_id) {
    return fmt::format("END RequestId: {}\n", request_id);
}

std::string report_line(const Report& report) {
    std::string line = fmt::format(
        "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} "
        "MB\t",
        report.request_id,
        milliseconds(report.duration),
        std::chrono::ceil<std::chrono::milliseconds>(report.duration).count(),
        report.memory_mib,
        report.memory_max_mib
    );
    if (report.init_duration > Duration::zero())
        line += fmt::format("Init Duration: {:.2f} ms\t", milliseconds(report.init_duration));
    return line + "\n";
}

std::string_view tail_of(std::string_view log) {
    return log.substr(log.size() - std::min(log.size(), log_tail_bytes));
}

}  // namespace cloudshelf::lambda_runtime
