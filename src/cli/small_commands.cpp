// plan, catalog, journal: commands that are a call of one function.
#include "cli/command.hpp"
#include "cli/plan_command.hpp"
#include "io/process.hpp"
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

void add_journal(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("journal", "what was decided and done, hash-chained");
    command->require_subcommand(1);
    auto common = std::make_shared<Common>();
    auto* verify = command->add_subcommand("verify", "find a changed, cut or reordered entry");
    add_common(*verify, *common);
    verify->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto path = layout->controller() / "state.db";
        if (!std::filesystem::exists(path))
            return void(
                status = report({.code = "io.no-file", .message = path.string() + ": no journal there"}, *common)
            );
        auto store = store::SqliteStore::open(path);
        if (!store) return void(status = report(store.error(), *common));
        const auto fault = (*store)->verify();
        if (!fault) return void(status = report(fault.error(), *common));
        if (*fault) return void(status = report({.code = "journal.tampered", .message = (*fault)->what}, *common));
        fmt::print(
            "{}\n", common->json ? "{\"verified\":true}" : "the journal is whole: every entry follows the one before"
        );
    });
    auto* show = command->add_subcommand("show", "the entries, as JSON Lines");
    add_common(*show, *common);
    show->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        auto store = store::SqliteStore::open(layout->controller() / "state.db");
        if (!store) return void(status = report(store.error(), *common));
        for (std::uint64_t from = 1;;) {
            const auto entries = (*store)->read(from, 200);
            if (!entries) return void(status = report(entries.error(), *common));
            if (entries->empty()) break;
            for (const auto& entry : *entries) {
                from = entry.index + 1;
                fmt::print(
                    "{}\n",
                    json::serialize(json::object{
                        {"index", entry.index},
                        {"at", entry.at},
                        {"epoch", entry.epoch},
                        {"execution", entry.execution},
                        {"kind", entry.kind},
                        {"data", json::parse(entry.data)},
                        {"hash", entry.hash}
                    })
                );
            }
        }
    });
}

}  // namespace cloudshelf::cli
