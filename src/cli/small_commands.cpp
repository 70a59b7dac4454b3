// plan, catalog, journal: commands that are a call of one function.
#include "cli/command.hpp"
#include "cli/plan_command.hpp"
#include "io/signals.hpp"
#include "io/task.hpp"
#include "store/sqlite.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

namespace cloudshelf::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

void add_plan(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("plan", "check a plan, or explain what it means");
    command->require_subcommand(1);
    const auto add = [&](const char* name, const char* summary, auto run) {
        auto* sub = command->add_subcommand(name, summary);
        auto file = std::make_shared<std::string>("plans/cloudshelf.yaml");
        auto as_json = std::make_shared<bool>(false);
        sub->add_option("file", *file, "the plan")->capture_default_str();
        sub->add_flag("--json", *as_json, "print JSON");
        sub->callback([=, &status] {
            std::vector<std::string> arguments =
                *as_json ? std::vector<std::string>{"--json", *file} : std::vector<std::string>{*file};
            status = run(arguments, std::cout, std::cerr);
        });
    };
    add("check", "every problem of a plan, each with its place", [](auto& args, auto& out, auto& err) {
        return plan_check(args, out, err);
    });
    add("explain", "regions, steps, critical path, worst-case arithmetic", [](auto& args, auto& out, auto& err) {
        return plan_explain(args, out, err);
    });
}

}  // namespace cloudshelf::cli
