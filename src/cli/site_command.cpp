// site: the sites' members of the state store, and a new machine for one.
#include "cli/command.hpp"
#include "twin/replace.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

Exit list(const twin::Layout& layout, const Common& common) {
    const auto all = twin::members(layout);
    if (!all) return report(all.error(), common);
    if (common.json) {
        fmt::print("{}\n", json::serialize(*all));
        return ok;
    }
    for (const auto& member : all->at("members").as_array()) {
        const bool up = member.at("up").as_bool();
        const auto* leads = member.as_object().if_contains("leads");
        fmt::print(
            "{:<12} {}{}\n",
            member.at("name").as_string().c_str(),
            !up                              ? "away"
            : member.at("in_step").as_bool() ? "in step"
                                             : "catching up",
            leads && leads->as_bool() ? ", leads" : ""
        );
    }
    return ok;
}

}  // namespace

void add_site(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("site", "the sites of the control plane");
    command->require_subcommand(1);
    auto common = std::make_shared<Common>();
    auto name = std::make_shared<std::string>();
    auto force = std::make_shared<bool>(false);
    auto* show = command->add_subcommand("list", "the members of the state store: who is up and in step");
    add_common(*show, *common);
    show->callback([=, &status] {
        const auto layout = lay_out(*common);
        status = layout ? list(*layout, *common) : layout.error();
    });
    auto* replace = command->add_subcommand("replace", "a new machine for a site whose disk is gone");
    add_common(*replace, *common);
    replace->add_option("site", *name, "e.g. us-east-2")->required();
    replace->add_flag("--force", *force, "also when it is up: it is lost first");
    replace->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto say = progress(*common);
        const twin::UpOptions options{.programs = program_folder()};
        const auto done = twin::replace_site(*layout, *name, options, *force ? twin::Force::yes : twin::Force::no, say);
        if (!done) return void(status = report(done.error(), *common));
        say(fmt::format("{} is in step", *name));
    });
}

}  // namespace cloudshelf::cli
