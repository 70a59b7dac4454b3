#include "drivers/functions/deploy.hpp"

#include "core/function_drift.hpp"
#include "drivers/functions/errors.hpp"
#include "io/clock.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>
#include <utility>

namespace cloudshelf::functions_client {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr Duration switch_limit = 15s;  // moving an alias, and asking under it

struct Plan {
    Deployment deployment;
    CanaryCheck check;
    Progress progress;
};
using Shared = std::shared_ptr<const Plan>;

/// A region on its way.
struct Site {
    Target target;
    Deployed deployed;
    bool moved = false;
};

Error smoke_failed(const Site& site, std::string_view why) {
    return {
        .code = "functions.smoke-failed",
        .message =
            fmt::format("{}: {} version {}: {}", site.target.region, site.target.function, site.deployed.version, why),
    };
}

/// What is wrong with an answer, or nothing.
std::string fault_of(const Invoked& answer, const Smoke& smoke) {
    if (!answer.function_error.empty())
        return fmt::format("{}: {}", answer.function_error, answer.payload.substr(0, 300));
    if (smoke.status == 0) return {};
    json::error_code bad;
    const auto body = json::parse(answer.payload, bad);
    const auto* object = bad ? nullptr : body.if_object();
    const auto* status = object == nullptr ? nullptr : object->if_contains("statusCode");
    if (status == nullptr || !status->is_int64()) return "an answer without statusCode";
    if (status->as_int64() == smoke.status) return {};
    return fmt::format("statusCode {}, expected {}", status->as_int64(), smoke.status);
}

io::Task<Result<void>> smoke_test(Shared plan, Site site, std::string qualifier, io::Deadline deadline) {
    for (const auto& smoke : plan->deployment.smokes) {
        const auto answer =
            co_await site.target.client->invoke(site.target.function, qualifier, smoke.payload, deadline);
        if (!answer) co_return fail(smoke_failed(site, answer.error().message));
        const auto fault = fault_of(*answer, smoke);
        if (!fault.empty()) co_return fail(smoke_failed(site, fault));
    }
    co_return Result<void>();
}

/// $LATEST as it is to be; an update that would change nothing is left out.
io::Task<Result<FunctionInfo>> bring_up_to_date(Shared plan, Target target, io::Deadline deadline) {
    const auto& deployment = plan->deployment;
    auto wanted = deployment.configuration;
    const auto present = co_await target.client->get(target.function, "", deadline);
    if (!present) co_return fail(present.error());
    if (!*present) {
        wanted.variables = target.variables;
        const auto created = co_await target.client->create(target.function, wanted, deployment.package, deadline);
        if (!created) co_return created;
        auto active = co_await target.client->settled(target.function, deadline);
        co_return active;
    }
    const auto before = co_await target.client->settled(target.function, deadline);
    if (!before) co_return before;
    wanted.variables = core::merged_variables(before->configuration.variables, target.variables);
    if (!(before->configuration == wanted)) {
        const auto updated = co_await target.client->update_configuration(target.function, wanted, deadline);
        if (!updated) co_return updated;
        const auto settled = co_await target.client->settled(target.function, deadline);
        if (!settled) co_return settled;
    }
    if (before->code_sha256 != code_sha256(deployment.package)) {
        const auto updated = co_await target.client->update_code(target.function, deployment.package, deadline);
        if (!updated) co_return updated;
    }
    auto settled = co_await target.client->settled(target.function, deadline);
    co_return settled;
}

/// Environments of the version that wait for customers.
io::Task<Result<void>> keep_ready(Shared plan, Site site, io::Deadline deadline) {
    const auto environments = plan->deployment.environments;
    if (environments == 0) co_return Result<void>();
    auto* const client = site.target.client;
    const auto asked = co_await client->provision(site.target.function, site.deployed.version, environments, deadline);
    if (!asked) co_return asked;
    for (;;) {
        const auto state = co_await client->provisioned(site.target.function, site.deployed.version, deadline);
        if (!state) co_return fail(state.error());
        if (*state && (*state)->status == "READY") co_return Result<void>();
        const bool failed = !*state || (*state)->status == "FAILED";
        if (failed || deadline.passed()) {
            const auto why = *state ? (*state)->reason : std::string("no environment is kept ready");
            co_return fail(
                errors::not_updated(site.target.function, why.empty() ? "environments do not get ready" : why)
            );
        }
        co_await io::wait_for(20ms);
    }
}

io::Task<Result<Site>> prepare(Shared plan, Target target) {
    const auto deadline = io::Deadline::after(plan->deployment.limit);
    Site site{.target = target, .deployed = {.region = target.region, .function = target.function}};
    plan->progress(target.region, "code and configuration");
    const auto latest = co_await bring_up_to_date(plan, target, deadline);
    if (!latest) co_return fail(latest.error());
    const auto digest = code_sha256(plan->deployment.package);
    if (latest->code_sha256 != digest) {
        co_return fail(
            "functions.wrong-code",
            fmt::format("{}: {}: has {}, expected {}", target.region, target.function, latest->code_sha256, digest)
        );
    }
    const auto published = co_await target.client->publish(target.function, digest, deadline);
    if (!published) co_return fail(published.error());
    site.deployed.version = published->version;
    const auto alias = co_await target.client->alias(target.function, plan->deployment.alias, deadline);
    if (!alias) co_return fail(alias.error());
    if (*alias) site.deployed.before = (*alias)->version;
    plan->progress(target.region, fmt::format("version {}: smoke tests", site.deployed.version));
    const auto good = co_await smoke_test(plan, site, site.deployed.version, deadline);
    if (!good) co_return fail(good.error());
    const auto ready = co_await keep_ready(plan, site, deadline);
    if (!ready) co_return fail(ready.error());
    co_return site;
}

io::Task<Result<void>> point_alias(Shared plan, Site site, std::string version, std::map<std::string, double> weights) {
    AliasInfo alias{.name = plan->deployment.alias, .version = std::move(version), .weights = std::move(weights)};
    const auto deadline = io::Deadline::after(switch_limit);
    const auto set = co_await site.target.client->set_alias(site.target.function, std::move(alias), deadline);
    if (!set) co_return fail(set.error());
    co_return Result<void>();
}

io::Task<Result<void>> canary(Shared plan, Site site) {
    if (site.deployed.before.empty() || site.deployed.before == site.deployed.version) co_return Result<void>();
    for (const double share : plan->deployment.canary) {
        plan->progress(site.target.region, fmt::format("{:.0f} % of invocations", share * 100));
        std::map<std::string, double> weights{{site.deployed.version, share}};
        const auto shifted = co_await point_alias(plan, site, site.deployed.before, std::move(weights));
        if (!shifted) co_return shifted;
        co_await io::wait_for(plan->deployment.canary_step);
        if (!plan->check) continue;
        const auto good = co_await plan->check(site.target.region, site.deployed.version);
        if (!good) co_return fail("functions.canary-failed", good.error().message);
    }
    co_return Result<void>();
}

io::Task<Result<void>> move_alias(Shared plan, Site site) {
    const auto tried = co_await canary(plan, site);
    if (!tried) co_return tried;
    plan->progress(
        site.target.region, fmt::format("alias {} to version {}", plan->deployment.alias, site.deployed.version)
    );
    const auto moved = co_await point_alias(plan, site, site.deployed.version, {});
    if (!moved) co_return moved;
    const auto deadline = io::Deadline::after(switch_limit);
    const auto good = co_await smoke_test(plan, site, plan->deployment.alias, deadline);
    co_return good;
}

/// Aliases back to where they were; what could not be is said.
io::Task<std::string> roll_back(Shared plan, std::vector<Site> sites) {
    std::string told;
    for (const auto& site : sites) {
        if (!site.moved) continue;
        const auto& before = site.deployed.before;
        if (before.empty()) {
            told += fmt::format("; {}: alias {} is new and stays", site.target.region, plan->deployment.alias);
            continue;
        }
        plan->progress(site.target.region, fmt::format("alias {} back to version {}", plan->deployment.alias, before));
        const auto back = co_await point_alias(plan, site, before, {});
        told += back
                    ? fmt::format("; {}: back at version {}", site.target.region, before)
                    : fmt::format("; {}: NOT back at version {}: {}", site.target.region, before, back.error().message);
    }
    co_return told;
}

}  // namespace

io::Task<Result<std::vector<Deployed>>> deploy(
    std::vector<Target> targets, Deployment deployment, CanaryCheck check, Progress progress
) {
    const auto plan = std::make_shared<const Plan>(Plan{std::move(deployment), std::move(check), std::move(progress)});
    std::vector<Site> sites;
    for (const auto& target : targets) {
        auto prepared = co_await prepare(plan, target);
        if (!prepared) {
            auto error = prepared.error();
            error.message = fmt::format("{}: {}; no alias was moved", target.region, error.message);
            co_return fail(std::move(error));
        }
        sites.push_back(std::move(*prepared));
    }
    for (auto& site : sites) {
        site.moved = true;  // from here on it may have
        const auto moved = co_await move_alias(plan, site);
        if (moved) continue;
        auto error = moved.error();
        const auto told = co_await roll_back(plan, sites);
        error.message = fmt::format("{}: {}{}", site.target.region, error.message, told);
        co_return fail(std::move(error));
    }
    std::vector<Deployed> done;
    for (auto& site : sites) done.push_back(std::move(site.deployed));
    co_return done;
}

}  // namespace cloudshelf::functions_client
