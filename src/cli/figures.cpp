#include "cli/figures.hpp"

#include "base/statistics.hpp"

#include <fmt/format.h>

namespace cloudshelf::cli {

std::string figures_table(const std::map<std::string, std::vector<double>>& figures) {
    std::string table = "| figure | n | min | median | p95 | max |\n| --- | --: | --: | --: | --: | --: |\n";
    for (const auto& [name, values] : figures) {
        const Summary of = summarize(values);
        table += fmt::format(
            "| {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} |\n", name, of.n, of.min, of.median, of.p95, of.max
        );
    }
    return table;
}

}  // namespace cloudshelf::cli
