// journal: what was decided and done, as the state store has it.
#include "cli/command.hpp"
#include "io/signals.hpp"
#include "store/journal_lines.hpp"
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

/// A site's own copy of the journal: needs no server.
Result<std::vector<store::JournalEntry>> read_copy(const std::filesystem::path& file, std::optional<Error>* fault) {
    if (!std::filesystem::exists(file))
        return fail("io.no-file", fmt::format("{}: there is no such file", file.string()));
    std::vector<store::JournalEntry> entries;
    const auto read =
        store::read_journal_file(file, [&](const store::JournalEntry& entry) { entries.push_back(entry); });
    if (!read) return fail(read.error());
    if (read->fault)
        *fault = Error{.code = "journal.tampered", .message = fmt::format("{}: {}", file.string(), read->fault->what)};
    return entries;
}

Exit verify_copy(const std::filesystem::path& file, const Common& common) {
    std::optional<Error> fault;
    const auto entries = read_copy(file, &fault);
    if (!entries) return report(entries.error(), common);
    if (fault) return report(*fault, common);
    const std::uint64_t first = entries->empty() ? 0 : entries->front().index;
    const std::uint64_t last = entries->empty() ? 0 : entries->back().index;
    if (common.json) {
        fmt::print("{}\n", json::serialize(json::object{{"verified", true}, {"first", first}, {"last", last}}));
    } else {
        fmt::print("whole: entries {} to {}, every one follows the one before\n", first, last);
    }
    return ok;
}

Exit show_copy(const std::filesystem::path& file, const Common& common) {
    std::optional<Error> fault;
    const auto entries = read_copy(file, &fault);
    if (!entries) return report(entries.error(), common);
    for (const auto& entry : *entries) {
        json::object shown = store::to_json(entry);
        boost::system::error_code bad;
        json::value data = json::parse(entry.data, bad);
        if (!bad) shown["data"] = std::move(data);
        fmt::print("{}\n", json::serialize(shown));
    }
    return fault ? report(*fault, common) : ok;
}

Exit merge(const std::vector<std::filesystem::path>& files, const Common& common) {
    std::vector<store::JournalCopyOf> copies;
    Exit worst = ok;
    for (const auto& file : files) {
        std::optional<Error> fault;
        auto entries = read_copy(file, &fault);
        if (!entries) return report(entries.error(), common);
        if (fault) worst = report(*fault, common);
        copies.push_back({file.string(), std::move(*entries)});
    }
    const auto merged = store::merge_journals(copies);
    for (const auto& entry : merged.entries) fmt::print("{}", store::to_line(entry));
    for (const auto& difference : merged.differences) fmt::print(stderr, "cloudshelf: {}\n", difference);
    return worst == ok && !merged.differences.empty() ? not_met : worst;
}

}  // namespace

void add_journal(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("journal", "what was decided and done, hash-chained");
    command->require_subcommand(1);
    auto common = std::make_shared<Common>();
    auto* verify_command = command->add_subcommand("verify", "find a changed, cut or reordered entry");
    auto* show_command = command->add_subcommand("show", "the entries, as JSON Lines");
    auto copy = std::make_shared<std::filesystem::path>();
    auto files = std::make_shared<std::vector<std::filesystem::path>>();
    for (auto* one : {verify_command, show_command})
        one->add_option("--file", *copy, "a site's copy, <data>/journal.jsonl: no server is asked");
    auto* merge_command = command->add_subcommand("merge", "copies of several sites, as JSON Lines by term and index");
    merge_command->add_option("files", *files, "copies: journal.jsonl and those put aside")->required();
    merge_command->footer("Exit status 2 where they differ; stderr says where.");
    merge_command->callback([=, &status] { status = merge(*files, *common); });
    add_common(*verify_command, *common);
    verify_command->callback([=, &status] {
        if (!copy->empty()) return void(status = verify_copy(*copy, *common));
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
        if (!copy->empty()) return void(status = show_copy(*copy, *common));
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        status = show(*layout, *common);
    });
}

}  // namespace cloudshelf::cli
