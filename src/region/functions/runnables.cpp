#include "region/functions/runnables.hpp"

#include "io/log.hpp"

#include <chrono>
#include <set>
#include <utility>
#include <vector>

namespace cloudshelf::functions {
namespace {

/// Keeps the package as long as any environment that was started from it.
struct HeldRunnable : Runnable {
    PackagePtr package;
};

std::vector<const Version*> versions_of(const Function& function) {
    std::vector<const Version*> all{&function.latest};
    for (const auto& [number, version] : function.published) all.push_back(&version);
    return all;
}

}  // namespace

Result<std::shared_ptr<const Runnable>> Runnables::runnable(const Function& function, const Version& version) {
    auto& known = made_[function.name][version.number];
    if (known && known->revision == version.revision) return known;
    auto package = packages_->find(version.code.digest);
    if (!package) return fail("functions.no-package", "the package of " + function.name + " is not on the disk");
    auto made = std::make_shared<HeldRunnable>();
    made->function = function.name;
    made->version = version.number;
    made->revision = version.revision;
    made->root = package->root;
    made->handler = version.configuration.handler;
    if (version.configuration.variables) made->variables = *version.configuration.variables;
    made->memory_mib = static_cast<std::size_t>(version.configuration.memory_mib);
    made->timeout = std::chrono::seconds(version.configuration.timeout_seconds);
    made->package = std::move(package);
    known = std::move(made);
    return known;
}

void Runnables::settle(const Function* before, const Function* after) {
    settle_reserved(before, after);
    settle_provisioned(before, after);
    if (before != nullptr) {
        retire_changed(*before, after);
        made_.erase(before->name);
    }
}

void Runnables::settle_reserved(const Function* before, const Function* after) {
    const auto had = before != nullptr ? before->reserved : std::nullopt;
    const auto has = after != nullptr ? after->reserved : std::nullopt;
    if (had == has) return;
    const auto& name = after != nullptr ? after->name : before->name;
    runner_->reserve(name, has ? std::optional(static_cast<std::size_t>(*has)) : std::nullopt);
}

void Runnables::settle_provisioned(const Function* before, const Function* after) {
    const auto had = before != nullptr ? provisioned_versions(*before) : std::map<std::string, std::int64_t>();
    const auto has = after != nullptr ? provisioned_versions(*after) : std::map<std::string, std::int64_t>();
    for (const auto& [number, environments] : had) {
        if (!has.contains(number)) provision(*before, *before->version(number), 0);
    }
    for (const auto& [number, environments] : has) {
        const auto then = had.find(number);
        if (then == had.end() || then->second != environments) provision(*after, *after->version(number), environments);
    }
}

void Runnables::provision(const Function& function, const Version& version, std::int64_t environments) {
    auto code = runnable(function, version);
    if (code) return runner_->provision(std::move(*code), static_cast<std::size_t>(environments));
    io::log(io::Level::error, "functions.no-package", {{"function", function.name}, {"version", version.number}});
}

void Runnables::retire_changed(const Function& before, const Function* after) {
    for (const auto* version : versions_of(before)) {
        const auto* now = after != nullptr ? after->version(version->number) : nullptr;
        if (now == nullptr) {
            runner_->retire(before.name, version->number, "");
        } else if (now->revision != version->revision) {
            runner_->retire(before.name, version->number, now->revision);
        }
    }
}

}  // namespace cloudshelf::functions
