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

namespace {

io::Task<int> verify_journal(std::shared_ptr<store::SqliteStore> store, Common common) {
    const auto fault = co_await store->verify();
    if (!fault) co_return report(fault.error(), common);
    if (*fault) co_return report({.code = "journal.tampered", .message = (*fault)->what}, common);
    fmt::print(
        "{}\n", common.json ? "{\"verified\":true}" : "the journal is whole: every entry follows the one before"
    );
    co_return Exit::ok;
}

io::Task<int> show_journal(std::shared_ptr<store::SqliteStore> store, Common common) {
    for (std::uint64_t from = 1;;) {
        const auto entries = co_await store->read(from, 200);
        if (!entries) co_return report(entries.error(), common);
        if (entries->empty()) co_return Exit::ok;
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
}

}  // namespace

void add_journal(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("journal", "what was decided and done, hash-chained");
    command->require_subcommand(1);
    auto common = std::make_shared<Common>();
    auto* verify = command->add_subcommand("verify", "find a changed, cut or reordered entry");
    auto* show = command->add_subcommand("show", "the entries, as JSON Lines");
    const auto run = [=, &status](auto task) {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto path = layout->controller() / "state.db";
        if (!std::filesystem::exists(path)) {
            const Error missing{.code = "io.no-file", .message = path.string() + ": no journal there"};
            return void(status = report(missing, *common));
        }
        auto store = store::SqliteStore::open(path);
        if (!store) return void(status = report(store.error(), *common));
        status = io::run_program(task(std::move(*store), *common));
    };
    add_common(*verify, *common);
    verify->callback([=] { run(verify_journal); });
    add_common(*show, *common);
    show->callback([=] { run(show_journal); });
}

}  // namespace cloudshelf::cli
