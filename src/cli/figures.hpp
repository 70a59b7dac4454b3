#pragma once

#include <map>
#include <string>
#include <vector>

namespace cloudshelf::cli {

/// A Markdown table with one row for each figure: n, min, median, p95, max. A figure's name carries its unit.
std::string figures_table(const std::map<std::string, std::vector<double>>& figures);

}  // namespace cloudshelf::cli
