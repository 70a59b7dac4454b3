#pragma once

#include "io/task.hpp"
#include "region/objects/replicator.hpp"
#include "region/objects/rewrapper.hpp"
#include "region/objects/scrubber.hpp"
#include "region/objects/service.hpp"
#include "region/program/request_metrics.hpp"

#include <string>

namespace cloudshelf::objects {

/// What GET /-/metrics answers: Prometheus' text format. docs/reference lists the names.
io::Task<std::string> metrics_page(
    Service& service,
    const Replicator& replicator,
    const Scrubber& scrubber,
    const Rewrapper& rewrapper,
    const program::RequestMetrics& requests
);

}  // namespace cloudshelf::objects
