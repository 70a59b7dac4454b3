// state: the control plane's state as a whole: taken away, put back, and made anew where it is lost.
#include "cli/command.hpp"
#include "cli/state_file.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "twin/call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t file_bytes_max = std::size_t(4) << 30;
constexpr std::size_t entries_in_call_max = 100;
constexpr std::size_t bytes_in_call_max = 128 << 10;

Result<json::value> ask(const twin::Layout& layout, const std::string& target, json::value body = {}) {
    const auto token = twin::operator_token(layout);
    if (!token) return fail(token.error());
    const std::string method = body.is_null() ? "GET" : "POST";
    return twin::ask_controllers(
        layout, {.method = method, .target = target, .token = *token, .body = std::move(body), .limit = 30s}
    );
}

Result<json::object> take(const twin::Layout& layout) {
    const auto keys = ask(layout, "/v1/state");
    if (!keys) return fail(keys.error());
    json::object state = keys->as_object();
    state["taken_at"] = io::utc_now();
    json::array journal;
    for (std::uint64_t from = 1;;) {
        const auto page = ask(layout, fmt::format("/v1/state/journal?from={}", from));
        if (!page) return fail(page.error());
        const auto& entries = page->at("entries").as_array();
        if (entries.empty()) break;
        from = json::value_to<std::uint64_t>(entries.back().at("index")) + 1;
        for (const auto& entry : entries) journal.push_back(entry);
    }
    state["journal"] = std::move(journal);
    return state;
}

Exit backup(const twin::Layout& layout, const std::filesystem::path& file, const Common& common) {
    const auto state = take(layout);
    if (!state) return report(state.error(), common);
    if (const auto written = io::replace_file(file, state_file(*state), 0600); !written)
        return report(written.error(), common);
    const json::object said{
        {"file", file.string()},
        {"keys", state->at("keys").as_array().size()},
        {"journal_entries", state->at("journal").as_array().size()},
        {"digest", state_digest(*state)}
    };
    if (common.json) {
        fmt::print("{}\n", json::serialize(said));
    } else {
        fmt::print(
            "{}: {} keys, {} journal entries, SHA-256 {}\n",
            file.string(),
            state->at("keys").as_array().size(),
            state->at("journal").as_array().size(),
            state_digest(*state)
        );
    }
    return ok;
}

/// The term that the backup's leader had.
std::uint64_t term_of(const json::object& state) {
    for (const auto& entry : state.at("keys").as_array()) {
        if (entry.at("key") == "control/term") return std::stoull(json::value_to<std::string>(entry.at("value")));
    }
    return 0;
}

Result<json::value> put_back(const twin::Layout& layout, const json::object& state, const std::string& reason) {
    const json::object begin{{"format", state.at("format")}, {"term", term_of(state)}};
    const auto begun = ask(layout, "/v1/state/restore", json::object{{"begin", begin}});
    if (!begun) return begun;
    const json::value term = begun->at("term");
    json::array entries;
    std::size_t bytes = 0;
    const auto send = [&]() -> Result<void> {
        if (entries.empty()) return {};
        bytes = 0;
        const json::object body{{"term", term}, {"entries", std::exchange(entries, {})}};
        const auto taken = ask(layout, "/v1/state/restore", body);
        if (!taken) return fail(taken.error());
        return {};
    };
    for (const auto& entry : state.at("journal").as_array()) {
        bytes += entry.at("data").as_string().size();
        entries.push_back(entry);
        if (entries.size() < entries_in_call_max && bytes < bytes_in_call_max) continue;
        if (const auto sent = send(); !sent) return fail(sent.error());
    }
    if (const auto sent = send(); !sent) return fail(sent.error());
    const json::object finish{{"keys", state.at("keys")}, {"reason", reason}, {"digest", state_digest(state)}};
    return ask(layout, "/v1/state/restore", json::object{{"term", term}, {"finish", finish}});
}

Exit restore(
    const twin::Layout& layout, const std::filesystem::path& file, const std::string& reason, const Common& common
) {
    const auto text = io::read_file(file, file_bytes_max);
    if (!text) return report(text.error(), common);
    const auto state = read_state_file(*text);
    if (!state) return report(state.error(), common);
    const auto done = put_back(layout, *state, reason);
    if (!done) return report(done.error(), common);
    if (common.json) {
        fmt::print("{}\n", json::serialize(*done));
        return ok;
    }
    fmt::print(
        "restored: {} keys, {} journal entries, taken {}\n",
        state->at("keys").as_array().size(),
        state->at("journal").as_array().size(),
        state->at("taken_at").as_string().c_str()
    );
    for (const auto& one : done->at("leases_left_out").as_array()) {
        fmt::print(
            "{} is not restored: {}\n`cloudshelf state rebuild` shows what would be written, with --region where a "
            "person has to say which\n",
            one.at("lease").as_string().c_str(),
            one.at("why").as_string().c_str()
        );
    }
    return ok;
}

/// The controller whose copy of the journal goes furthest.
Result<twin::Site> best_informed(const twin::Layout& layout) {
    const auto token = twin::operator_token(layout);
    if (!token) return fail(token.error());
    std::optional<twin::Site> best;
    std::pair<std::uint64_t, std::uint64_t> furthest;
    Error problem;
    for (const auto& site : layout.controllers()) {
        const auto said =
            twin::call({.to = twin::controller_endpoint(layout, site), .target = "/v1/leader", .token = *token});
        if (!said) {
            problem = said.error();
            continue;
        }
        const auto number = [&](const char* field) {
            return json::value_to<std::uint64_t>(said->at("journal").at(field));
        };
        const std::pair<std::uint64_t, std::uint64_t> here{number("term"), number("index")};
        if (!best || here > furthest) best = site;
        furthest = std::max(furthest, here);
    }
    if (!best) return fail(problem);
    return *best;
}

struct RebuildOptions {
    std::string approve;
    std::string region;
};

Exit rebuild(const twin::Layout& layout, const RebuildOptions& options, const Common& common) {
    const auto site = best_informed(layout);
    if (!site) return report(site.error(), common);
    const auto token = twin::operator_token(layout);
    if (!token) return report(token.error(), common);
    json::object body;
    if (!options.approve.empty()) body["approve"] = options.approve;
    if (!options.region.empty()) body["region"] = options.region;
    const auto said = twin::call({
        .to = twin::controller_endpoint(layout, *site),
        .method = "POST",
        .target = "/v1/state/rebuild",
        .token = *token,
        .body = std::move(body),
        .limit = 60s,
    });
    if (!said) return report(said.error(), common);
    if (common.json) {
        fmt::print("{}\n", json::serialize(*said));
        return ok;
    }
    for (const auto& one : said->at("applications").as_array()) {
        fmt::print(
            "{}: {} goes on at epoch {}: {}\n",
            one.at("application").as_string().c_str(),
            one.at("lease").at("region").as_string().c_str(),
            one.at("lease").at("epoch").to_number<std::uint64_t>(),
            one.at("why").as_string().c_str()
        );
    }
    fmt::print(
        "the journal: {} entries, from the copy at {}\n",
        said->at("journal").at("entries").to_number<std::uint64_t>(),
        said->at("journal").at("site").as_string().c_str()
    );
    const bool written = said->at("written").as_bool();
    fmt::print("{}", written ? "written\n" : "nothing is written: look at it, then add --approve \"<reason>\"\n");
    return ok;
}

}  // namespace

void add_state(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("state", "the control plane's state: back it up, restore it, rebuild it");
    command->require_subcommand(1);
    auto common = std::make_shared<Common>();
    auto file = std::make_shared<std::filesystem::path>();
    auto reason = std::make_shared<std::string>("restored by the operator");
    auto options = std::make_shared<RebuildOptions>();

    auto* save = command->add_subcommand("backup", "leases, terms and the journal, as one JSON file with a digest");
    add_common(*save, *common);
    save->add_option("file", *file, "where to")->required();
    save->callback([=, &status] {
        const auto layout = lay_out(*common);
        status = layout ? backup(*layout, *file, *common) : layout.error();
    });
    auto* load = command->add_subcommand("restore", "put a backup into an empty store; refused for any other");
    add_common(*load, *common);
    load->add_option("file", *file, "a file of `state backup`")->required();
    load->add_option("--reason", *reason, "kept in the journal")->capture_default_str();
    load->callback([=, &status] {
        const auto layout = lay_out(*common);
        status = layout ? restore(*layout, *file, *reason, *common) : layout.error();
    });
    auto* make = command->add_subcommand("rebuild", "a store lost on all sites: what the regions say it was");
    add_common(*make, *common);
    make->add_option("--approve", options->approve, "write it, for this reason; without: only show it");
    make->add_option("--region", options->region, "who goes on, where the regions do not agree or do not answer");
    make->callback([=, &status] {
        const auto layout = lay_out(*common);
        status = layout ? rebuild(*layout, *options, *common) : layout.error();
    });
}

}  // namespace cloudshelf::cli
