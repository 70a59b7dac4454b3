#pragma once

#include <optional>
#include <string_view>

namespace cloudshelf::tables_client {

/// The sum of a metric's lines in a page of Prometheus' text format; nothing where there is none. `series`: the
/// metric's name, or its name with all its labels as the page has them: `lag_seconds{region="us-east-1"}`.
std::optional<double> metric(std::string_view page, std::string_view series);

}  // namespace cloudshelf::tables_client
