// up, down, status, failover, failback, approve: the twin, one thing at a time.
#include "cli/command.hpp"
#include "cli/follow.hpp"
#include "cli/picture.hpp"
#include "io/clock.hpp"
#include "twin/call.hpp"
#include "twin/site.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <thread>

namespace cloudshelf::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

void add_up(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("up", "start two regions and a witness on this machine");
    auto common = std::make_shared<Common>();
    auto options = std::make_shared<twin::UpOptions>();
    add_common(*command, *common);
    command->add_flag(
        "--single", options->single, "one controller on SQLite at the witness, instead of one at each site on etcd"
    );
    command->footer(
        "Examples:\n  cloudshelf up --data /var/tmp/shelf --network-base 20\n  cloudshelf up --single --data "
        "/var/tmp/one"
    );
    command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        options->programs = program_folder();
        options->plan = common->plan;
        const auto say = progress(*common);
        if (const auto up = twin::up(*layout, *options, say); !up) return void(status = report(up.error(), *common));
        say("up: both regions serve; `cloudshelf status` shows them");
        if (common->json) {
            fmt::print(
                "{}\n",
                json::serialize(
                    json::object{{"nameservers", layout->nameservers()}, {"data", layout->directory.string()}}
                )
            );
        }
    });
}

void add_down(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("down", "stop everything of the twin; its data stays");
    auto common = std::make_shared<Common>();
    auto wipe = std::make_shared<bool>(false);
    add_common(*command, *common);
    command->add_flag("--wipe", *wipe, "remove the data too");
    command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const bool gone = twin::down(*layout, progress(*common));
        if (!gone)
            return void(
                status = report(
                    {.code = "twin.still-running",
                     .message = "some processes are still there; run `cloudshelf down` again"},
                    *common
                )
            );
        if (!*wipe) return;
        std::error_code problem;
        std::filesystem::remove_all(layout->directory, problem);
        std::filesystem::remove(common->data, problem);
    });
}

namespace {

/// What the programs of each site take, and their most.
void print_memory(const twin::Layout& layout, const Common& common) {
    json::object sites;
    for (const auto& site : layout.sites()) {
        json::array programs;
        std::uint64_t all = 0;
        std::uint64_t most = 0;
        for (const auto& program : twin::memory_of(site.directory)) {
            programs.push_back(
                {{"program", program.name},
                 {"resident_bytes", program.resident_bytes},
                 {"resident_bytes_max", program.resident_bytes_max}}
            );
            all += program.resident_bytes;
            most += program.resident_bytes_max;
            if (!common.json)
                fmt::print(
                    "{:<12} {:<18} {:>7.1f} MiB, at most {:>7.1f}\n",
                    site.name.value(),
                    program.name,
                    static_cast<double>(program.resident_bytes) / (1 << 20),
                    static_cast<double>(program.resident_bytes_max) / (1 << 20)
                );
        }
        if (!common.json && !programs.empty())
            fmt::print(
                "{:<12} {:<18} {:>7.1f} MiB, at most {:>7.1f}\n",
                site.name.value(),
                "all",
                static_cast<double>(all) / (1 << 20),
                static_cast<double>(most) / (1 << 20)
            );
        sites[site.name.value()] = std::move(programs);
    }
    if (common.json) fmt::print("{}\n", json::serialize(sites));
}

}  // namespace

void add_status(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("status", "who writes, who follows and how far behind, what is going on");
    auto common = std::make_shared<Common>();
    auto memory = std::make_shared<bool>(false);
    add_common(*command, *common);
    command->add_flag("--memory", *memory, "what each program of each site takes, instead");
    command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        if (*memory) return print_memory(*layout, *common);
        const auto answer = twin::controller_status(*layout);
        if (!answer) return void(status = report(answer.error(), *common));
        if (common->json) {
            fmt::print("{}\n", json::serialize(*answer));
        } else {
            fmt::print("{}", picture(*answer, is_terminal()));
        }
    });
}

namespace {

/// What became of a move, for whoever asked for it.
Exit exit_of(const json::value& execution, const Common& common) {
    if (!move_waits(execution)) return move_succeeded(execution) ? ok : failed;
    const auto id = json::value_to<std::string>(execution.at("id"));
    if (!common.json) fmt::print("{0} waits for a person: `cloudshelf approve {0}`, once for each who has to\n", id);
    return waiting;
}

void add_execution(CLI::App& command, std::string& id) {
    command.add_option("id", id, "the execution, e.g. x3")->required()->check([](const std::string& text) {
        const bool good =
            text.size() > 1 && text[0] == 'x' && text.find_first_not_of("0123456789", 1) == std::string::npos;
        return good ? std::string() : "\"" + text + "\": expected an execution's id, as x3";
    });
}

}  // namespace

void add_approve(CLI::App& app, int& status) {
    auto* command =
        app.add_subcommand("approve", "let a move go on that waits for a person; `status` shows what may be lost");
    auto common = std::make_shared<Common>();
    auto id = std::make_shared<std::string>();
    auto person = std::make_shared<std::string>("operator");
    add_common(*command, *common);
    add_execution(*command, *id);
    command->add_option("--as", *person, "whose word it is; a step may want two persons'")
        ->capture_default_str()
        ->check(CLI::IsMember({"operator", "second"}));
    command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto ended = approve_move(*layout, *id, *person, progress(*common));
        if (!ended) return void(status = report(ended.error(), *common));
        if (common->json) fmt::print("{}\n", json::serialize(*ended));
        status = exit_of(*ended, *common);
    });

    auto* word = app.add_subcommand("acknowledge", "say that you know of an automatic move: the next may be automatic");
    auto word_common = std::make_shared<Common>();
    auto word_id = std::make_shared<std::string>();
    add_common(*word, *word_common);
    add_execution(*word, *word_id);
    word->callback([=, &status] {
        const auto layout = lay_out(*word_common);
        if (!layout) return void(status = layout.error());
        const auto said = acknowledge_move(*layout, *word_id);
        status = said ? ok : report(said.error(), *word_common);
    });
}

void add_move(CLI::App& app, int& status) {
    const auto add = [&app, &status](const char* procedure, const char* summary) {
        auto* command = app.add_subcommand(procedure, summary);
        auto common = std::make_shared<Common>();
        auto to = std::make_shared<std::string>();
        auto reason = std::make_shared<std::string>("asked for by the operator");
        auto accept_loss = std::make_shared<bool>(false);
        add_common(*command, *common);
        command->add_option("--to", *to, "the region to move to; default: the other one");
        command->add_option("--reason", *reason, "kept in the journal")->capture_default_str();
        command->add_flag("--accept-loss", *accept_loss, "go on although the guard says what may be lost");
        command->callback([=, &status] {
            const auto layout = lay_out(*common);
            if (!layout) return void(status = layout.error());
            json::object body{{"procedure", procedure}, {"reason", *reason}, {"accept_loss", *accept_loss}};
            if (!to->empty()) body["to"] = *to;
            const auto ended = run_move(*layout, std::move(body), progress(*common));
            if (!ended) return void(status = report(ended.error(), *common));
            if (common->json) fmt::print("{}\n", json::serialize(*ended));
            status = exit_of(*ended, *common);
        });
    };
    add("failover", "move the writer because its region is lost or about to be");
    add("failback", "move the writer back home, losing nothing");
}

}  // namespace cloudshelf::cli
