#pragma once

#include "twin/twin.hpp"
#include "workload/report.hpp"

#include <atomic>
#include <filesystem>
#include <functional>

namespace cloudshelf::cli {

struct TrialOptions {
    double rate = 200;                          // customers' transactions per second
    Duration before = std::chrono::seconds(8);  // of shopping, until the region is lost
    Duration after = std::chrono::seconds(4);   // of shopping, once recovered: it has to stay green
    bool failback = true;
    std::uint64_t seed = 1;
    std::filesystem::path ledger;
    std::filesystem::path programs;
    std::filesystem::path plan = "plans/cloudshelf.yaml";
    /// Called several times a second: the place for a live view, and for stopping (answer false).
    std::function<bool(const std::string& phase)> watch;
};

/// The main job on a twin that is up: customers shop, a region is lost whole, the shop recovers without a hand, the
/// region is rebuilt and the writer fails back; everything acknowledged is read back. Errors: the first thing that did
/// not happen in time; "trial.interrupted".
Result<workload::Report> run_trial(const twin::Layout& layout, TrialOptions options, twin::Progress progress);

}  // namespace cloudshelf::cli
