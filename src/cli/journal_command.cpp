// journal: what was decided and done, as the state store has it.
#include "cli/command.hpp"
#include "io/signals.hpp"
#include "store/sqlite.hpp"
#include "twin/call.hpp"
#include "twin/twin.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

constexpr Duration verify_limit = std::chrono::minutes(1);

Result<json::value> ask(const twin::Layout& layout, const std::string& target, Duration limit) {
    const auto token = twin::operator_token(layout);
    if (!token) return fail(token.error());
    return twin::ask_controllers(layout, {.target = target, .token = *token, .limit = limit});
}

int say_verdict(const std::optional<std::string>& fault, const Common& common) {
    if (fault) return report({.code = "journal.tampered", .message = *fault}, common);
    fmt::print(
        "{}\n", common.json ? "{\"verified\":true}" : "the journal is whole: every entry follows the one before"
    );
    return Exit::ok;
}

int verify(const twin::Layout& layout, const Common& common) {
    const auto answer = ask(layout, "/v1/journal/verify", verify_limit);
    if (!answer) return report(answer.error(), common);
    if (answer->at("whole").as_bool()) return say_verdict(std::nullopt, common);
    return say_verdict(json::value_to<std::string>(answer->at("fault").at("what")), common);
}

int show(const twin::Layout& layout, const Common& common) {
    for (std::uint64_t from = 1;;) {
        const auto page = ask(layout, fmt::format("/v1/journal?from={}", from), std::chrono::seconds(10));
        if (!page) return report(page.error(), common);
        const auto& entries = page->at("entries").as_array();
        if (entries.empty()) return Exit::ok;
        for (const auto& entry : entries) fmt::print("{}\n", json::serialize(entry));
        from = json::value_to<std::uint64_t>(entries.back().at("index")) + 1;
    }
}

/// A twin that is down and keeps its journal in one file: the file itself can be asked.
io::Task<int> verify_file(std::shared_ptr<store::SqliteStore> store, Common common) {
    const auto fault = co_await store->verify();
    if (!fault) co_return report(fault.error(), common);
    co_return say_verdict(*fault ? std::optional((*fault)->what) : std::nullopt, common);
}

}  // namespace

void add_journal(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("journal", "what was decided and done, hash-chained");
    command->require_subcommand(1);
    auto common = std::make_shared<Common>();
    auto* verify_command = command->add_subcommand("verify", "find a changed, cut or reordered entry");
    auto* show_command = command->add_subcommand("show", "the entries, as JSON Lines");
    add_common(*verify_command, *common);
    verify_command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto file = layout->controller(layout->witness) / "state.db";
        if (twin::is_up(*layout) || !std::filesystem::exists(file)) return void(status = verify(*layout, *common));
        auto store = store::SqliteStore::open(file);
        if (!store) return void(status = report(store.error(), *common));
        status = io::run_program(verify_file(std::move(*store), *common));
    });
    add_common(*show_command, *common);
    show_command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        status = show(*layout, *common);
    });
}

}  // namespace cloudshelf::cli
