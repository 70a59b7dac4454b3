#include "drivers/tables/metrics.hpp"

#include <algorithm>
#include <charconv>

namespace cloudshelf::tables_client {

std::optional<double> metric(std::string_view page, std::string_view series) {
    std::optional<double> sum;
    while (!page.empty()) {
        const auto line = page.substr(0, page.find('\n'));
        page.remove_prefix(std::min(page.size(), line.size() + 1));
        if (!line.starts_with(series) || line.size() == series.size()) continue;
        if (line[series.size()] != ' ' && line[series.size()] != '{') continue;
        const auto number = line.substr(line.rfind(' ') + 1);
        double value = 0;
        if (std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc())
            sum = sum.value_or(0) + value;
    }
    return sum;
}

}  // namespace cloudshelf::tables_client
