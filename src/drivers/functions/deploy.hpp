#pragma once

#include "drivers/functions/client.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::functions_client {

/// A function in one region.
struct Target {
    Client* client = nullptr;
    std::string region;
    std::string function;                          // its name there
    std::map<std::string, std::string> variables;  // wanted: merged into what is there
};

/// A payload that a version has to answer before customers get to see it.
struct Smoke {
    std::string payload;
    int status = 200;  // the "statusCode" of its answer; 0: any answer that is no error
};

/// What is to run everywhere.
struct Deployment {
    std::string package;  // the zip's bytes
    std::string alias = "live";
    Configuration configuration;  // its variables are not looked at: each target has its own
    std::vector<Smoke> smokes;
    std::int64_t environments = 0;  // kept ready on the new version before the alias moves
    /// The share of invocations that the new version gets, step by step, before it gets all: {0.1, 0.5}. Empty: all.
    std::vector<double> canary;
    Duration canary_step = std::chrono::seconds(10);
    Duration limit = std::chrono::seconds(60);  // of each region's preparation
};

/// What came of it in one region.
struct Deployed {
    std::string region;
    std::string function;
    std::string version;  // published
    std::string before;   // that the alias pointed to, or empty
};

using Progress = std::function<void(std::string_view region, std::string_view what)>;
/// Asked while a canary has a share of the traffic: an error means that it fails, and why. Null: nobody looks.
using CanaryCheck = std::function<io::Task<Result<void>>(std::string region, std::string version)>;

/// Puts a package into all regions and lets customers see it only when every region is ready. First everywhere: code,
/// configuration, a version, the same digest, smoke invocations, environments that wait. Then, region after region in
/// the order given, the alias moves (by shares where there is a canary), and the version is asked once more under it.
/// What fails before an alias moved changes nothing that customers see; after, every alias that moved goes back. May be
/// repeated, and goes on where an earlier one stopped.
/// Errors: the client's; "functions.wrong-code" (a region has another digest), "functions.smoke-failed",
/// "functions.canary-failed"; the message says where, and what became of the aliases.
io::Task<Result<std::vector<Deployed>>> deploy(
    std::vector<Target> targets, Deployment deployment, CanaryCheck check, Progress progress
);

}  // namespace cloudshelf::functions_client
