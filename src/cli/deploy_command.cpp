// deploy: the plan's functions into both regions. functions drift: whether both still run the same.
#include "cli/command.hpp"
#include "cli/function_fleet.hpp"
#include "core/function_drift.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/signals.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

namespace cloudshelf::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

struct Wanted {
    Common common;
    FleetOptions fleet;
    std::string function;  // empty: all that have a package
    std::string zip;
    std::string packages;  // the folder of packages
    std::vector<double> canary;
    double canary_step_s = 10;
};

/// Those that are meant: one by its name, or all that have a package.
Result<std::vector<core::Function>> chosen(const core::Plan& plan, const std::string& name) {
    std::vector<core::Function> functions;
    std::string known;
    for (const auto& function : plan.functions) {
        known += (known.empty() ? "" : ", ") + function.name;
        if (name.empty() ? !function.package.empty() : function.name == name) functions.push_back(function);
    }
    if (!functions.empty()) return functions;
    if (name.empty()) return fail("cli.usage", "the plan has no function with a package");
    return fail("cli.usage", fmt::format("{}: the plan has no such function; it has {}", name, known));
}

std::filesystem::path package_of(const Wanted& wanted, const core::Function& function) {
    if (!wanted.zip.empty()) return wanted.zip;
    const std::filesystem::path folder =
        wanted.packages.empty() ? program_folder() / "functions" : std::filesystem::path(wanted.packages);
    return folder / function.package;
}

io::Task<Result<std::vector<functions_client::Deployed>>> deploy_one(
    FunctionFleet* fleet, Wanted wanted, core::Function function
) {
    auto package = io::read_file(package_of(wanted, function), 50 << 20);
    if (!package) co_return fail(package.error());
    functions_client::Deployment deployment{
        .package = std::move(*package),
        .alias = function.alias,
        .configuration = fleet->configuration(function),
        .smokes = FunctionFleet::smokes(function),
        .environments = function.environments,
        .canary = wanted.canary,
        .canary_step = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(wanted.canary_step_s)),
    };
    auto say = [progress = progress(wanted.common), name = function.name](
                   std::string_view region, std::string_view what
               ) { progress(fmt::format("{} in {}: {}", name, region, what)); };
    auto done =
        co_await functions_client::deploy(fleet->targets(function), std::move(deployment), nullptr, std::move(say));
    co_return done;
}

json::value shown(const core::Function& function, const std::vector<functions_client::Deployed>& regions) {
    json::object versions;
    for (const auto& region : regions) {
        versions[region.region] = json::object{
            {"function", region.function},
            {"alias", function.alias},
            {"version", region.version},
            {"before", region.before.empty() ? json::value(nullptr) : json::value(region.before)},
        };
    }
    return json::object{{"function", function.name}, {"regions", std::move(versions)}};
}

io::Task<int> deploy_all(Wanted wanted, twin::Layout layout) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto functions = chosen(layout.plan, wanted.function);
    if (!functions) co_return report(functions.error(), wanted.common);
    const auto fleet = FunctionFleet::open(executor, layout, wanted.fleet);
    if (!fleet) co_return report(fleet.error(), wanted.common);
    json::array all;
    for (const auto& function : *functions) {
        const auto done = co_await deploy_one(fleet->get(), wanted, function);
        if (!done) co_return report(done.error(), wanted.common);
        all.push_back(shown(function, *done));
        if (wanted.common.json) continue;
        for (const auto& region : *done) {
            fmt::print("{} in {}: {} is version {}\n", region.function, region.region, function.alias, region.version);
        }
    }
    if (wanted.common.json) fmt::print("{}\n", json::serialize(all));
    co_return ok;
}

/// What runs under the alias, in the words that regions are compared in.
io::Task<Result<core::DeployedFunction>> deployed(functions_client::Target target, std::string alias) {
    const auto deadline = io::Deadline::after(10s);
    core::DeployedFunction function;
    const auto pointed = co_await target.client->alias(target.function, alias, deadline);
    if (!pointed) co_return fail(pointed.error());
    if (!*pointed) co_return function;
    const auto info = co_await target.client->get(target.function, (*pointed)->version, deadline);
    if (!info) co_return fail(info.error());
    if (!*info) co_return function;
    const auto& configuration = (*info)->configuration;
    function.version = (*info)->version;
    function.code_sha256 = (*info)->code_sha256;
    function.handler = configuration.handler;
    function.runtime = configuration.runtime;
    function.memory_mib = configuration.memory_mib;
    function.timeout_seconds = configuration.timeout_seconds;
    function.variables = configuration.variables;
    co_return function;
}

io::Task<Result<std::vector<core::FunctionDrift>>> drift_of(FunctionFleet* fleet, core::Function function) {
    const auto targets = fleet->targets(function);
    const auto standby = co_await deployed(targets.front(), function.alias);
    if (!standby) co_return fail(standby.error());
    const auto primary = co_await deployed(targets.back(), function.alias);
    if (!primary) co_return fail(primary.error());
    co_return core::function_drift(*primary, *standby, fleet->regional(function));
}

io::Task<int> look_for_drift(Wanted wanted, twin::Layout layout) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto functions = chosen(layout.plan, "");
    if (!functions) co_return report(functions.error(), wanted.common);
    const auto fleet = FunctionFleet::open(executor, layout, wanted.fleet);
    if (!fleet) co_return report(fleet.error(), wanted.common);
    json::array all;
    for (const auto& function : *functions) {
        const auto drift = co_await drift_of(fleet->get(), function);
        if (!drift) co_return report(drift.error(), wanted.common);
        for (const auto& [what, primary, standby] : *drift) {
            all.push_back({{"function", function.name}, {"what", what}, {"primary", primary}, {"standby", standby}});
            if (!wanted.common.json) {
                fmt::print(
                    "{}: {}: {} in the primary region, {} in the standby\n", function.name, what, primary, standby
                );
            }
        }
    }
    if (!wanted.common.json && all.empty()) fmt::print("{} functions, the same in both regions\n", functions->size());
    if (wanted.common.json) fmt::print("{}\n", json::serialize(all));
    co_return all.empty() ? ok : not_met;
}

void add_fleet(CLI::App& command, Wanted& wanted) {
    add_common(command, wanted.common);
    auto& fleet = wanted.fleet;
    command.add_option(
        "--endpoint", fleet.endpoints, "REGION=http://ADDRESS:PORT of a Lambda API; default: the twin's"
    );
    command.add_option("--credentials", fleet.credentials, "AWS's credentials file; default: the twin's");
    command.add_option(
        "--variables", fleet.variables, "REGION=FILE: what functions are configured with there, a JSON object of texts"
    );
}

}  // namespace

void add_deploy(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("deploy", "functions into both regions, seen by customers when both are ready");
    auto wanted = std::make_shared<Wanted>();
    add_fleet(*command, *wanted);
    command->add_option("function", wanted->function, "one of the plan's; default: all that have a package");
    command->add_option("zip", wanted->zip, "its package; default: the plan's, in --packages");
    command->add_option(
        "--packages", wanted->packages, "the folder of packages; default: functions/ beside the program"
    );
    command->add_option("--role", wanted->fleet.role, "the ARN that Lambda asks for when a function is made");
    command->add_option("--canary", wanted->canary, "shares of the invocations on the way, as 0.1,0.5")
        ->delimiter(',')
        ->check(CLI::Range(0.001, 0.999));
    command->add_option("--canary-step", wanted->canary_step_s, "seconds at each share")
        ->check(CLI::Range(0.0, 3600.0));
    command->footer(
        "Examples:\n  cloudshelf deploy\n  cloudshelf deploy cloudshelf-book-catalog catalog.zip --canary 0.1,0.5\n"
        "Nothing that customers see changes before code, configuration and smoke tests are right in both regions; when "
        "a later\nstep fails, every alias goes back. Run again, it goes on where it stopped."
    );
    command->callback([=, &status] {
        auto layout = lay_out(wanted->common);
        status = layout ? io::run_program(deploy_all(*wanted, std::move(*layout))) : static_cast<int>(layout.error());
    });
}

void add_functions(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("functions", "the plan's functions");
    command->require_subcommand(1);
    auto* drift = command->add_subcommand("drift", "in what the two regions differ that should not; then ends with 2");
    auto wanted = std::make_shared<Wanted>();
    add_fleet(*drift, *wanted);
    drift->footer("Example: cloudshelf functions drift --json");
    drift->callback([=, &status] {
        auto layout = lay_out(wanted->common);
        status =
            layout ? io::run_program(look_for_drift(*wanted, std::move(*layout))) : static_cast<int>(layout.error());
    });
}

}  // namespace cloudshelf::cli
