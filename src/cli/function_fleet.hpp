#pragma once

#include "drivers/functions/deploy.hpp"
#include "twin/layout.hpp"

#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::cli {

/// Where functions are, and what they are configured with there: as told, or the twin's.
struct FleetOptions {
    std::vector<std::string> endpoints;  // REGION=http://ADDRESS:PORT
    std::string credentials;             // AWS's credentials file
    std::vector<std::string> variables;  // REGION=FILE, a JSON object of texts
    std::string role = "arn:aws:iam::000000000000:role/cloudshelf-function";
};

/// The plan's functions in its two regions.
class FunctionFleet {
public:
    /// Errors: "cli.usage", "cli.bad-variables", the credentials file's.
    static Result<std::unique_ptr<FunctionFleet>> open(
        io::Executor executor, const twin::Layout& layout, const FleetOptions& options
    );

    /// The standby's first: customers meet what is new where fewest of them are.
    std::vector<functions_client::Target> targets(const core::Function& function);
    functions_client::Configuration configuration(const core::Function& function) const;
    /// What a version has to answer before customers see it: the plan's warm-up and its path.
    static std::vector<functions_client::Smoke> smokes(const core::Function& function);
    /// The names of variables that may differ between regions.
    std::set<std::string> regional(const core::Function& function) const;

private:
    struct Region {
        twin::Site site;
        std::unique_ptr<functions_client::Client> client;
        std::map<std::string, std::string> variables;
    };
    const Region& primary() const { return regions_.back(); }

    std::vector<Region> regions_;  // the standby's first
    std::string role_;
};

}  // namespace cloudshelf::cli
