#pragma once

#include "base/result.hpp"
#include "region/environments/runner.hpp"
#include "region/functions/function.hpp"
#include "region/functions/package_store.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// The catalogue's functions as the runner sees them. Lives on the runner's executor.
class Runnables {
public:
    Runnables(Runner* runner, PackageStore* packages) : runner_(runner), packages_(packages) {}

    /// What a version is run from; its package stays on the disk as long as anybody holds this. Errors:
    /// "functions.no-package".
    Result<std::shared_ptr<const Runnable>> runnable(const Function& function, const Version& version);

    /// A function was made (`before` null), changed, or deleted (`after` null): reserved and provisioned concurrency
    /// become what it says, environments of what is not there any more end.
    void settle(const Function* before, const Function* after);

    Runner& runner() { return *runner_; }

private:
    void settle_reserved(const Function* before, const Function* after);
    void settle_provisioned(const Function* before, const Function* after);
    void retire_changed(const Function& before, const Function* after);
    void provision(const Function& function, const Version& version, std::int64_t environments);

    Runner* runner_;
    PackageStore* packages_;
    std::map<std::string, std::map<std::string, std::shared_ptr<const Runnable>>, std::less<>> made_;
};

}  // namespace cloudshelf::functions
