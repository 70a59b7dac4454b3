#pragma once

#include "region/log/metrics.hpp"
#include "region/tables/catalogue.hpp"
#include "region/tables/service.hpp"
#include "region/tables/storage.hpp"

#include <map>
#include <string>

namespace cloudshelf::tables {

/// Appends, in Prometheus' text format, what the log knows of itself and of each region that follows it.
void append_log_metrics(std::string& to, const changelog::Metrics& metrics);

/// Appends how long ago each region that we follow had nothing that we did not have: what would be missing if it were
/// lost now is younger than that. A region that was never reached since the start has no line.
void append_following_metrics(std::string& to, const std::map<RegionName, Following>& followings, std::int64_t now_ms);

/// Appends how many items and bytes each table has, and how many lost versions the conflict log keeps. Reads storage:
/// not on the loop.
void append_item_metrics(
    std::string& to, const changelog::View& view, const Storage& storage, const Catalogue& catalogue
);

}  // namespace cloudshelf::tables
