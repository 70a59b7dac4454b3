#pragma once

#include "region/environments/metrics.hpp"
#include "region/functions/catalogue.hpp"
#include "region/functions/event_queue.hpp"
#include "region/functions/runnables.hpp"
#include "region/log/metrics.hpp"

#include <cstdint>
#include <map>
#include <string>

/// Prometheus' text format. Each appends.
namespace cloudshelf::functions {

void append_log_metrics(std::string& to, const changelog::Metrics& log);
void append_catalogue_metrics(std::string& to, const Catalogue& catalogue);
void append_provisioned_metrics(std::string& to, const Catalogue& catalogue, const Runner& runner);
void append_event_metrics(
    std::string& to,
    const EventQueue::Size& size,
    const std::map<std::string, std::uint64_t, std::less<>>& ended,
    std::int64_t now_ms
);

/// Environments by state, and what became of invocations.
void append_environment_metrics(std::string& to, const Metrics& environments);

}  // namespace cloudshelf::functions
