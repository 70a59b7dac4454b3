// site: the sites' members of the state store, and a new machine for one. The static site: site_publish_command.cpp.
#include "cli/command.hpp"
#include "cli/site_publish_command.hpp"
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
            member.at("name").as_string().empty() ? "(new)" : member.at("name").as_string().c_str(),
            !up                              ? "away"
            : member.at("in_step").as_bool() ? "in step"
                                             : "catching up",
            leads && leads->as_bool() ? ", leads" : ""
        );
    }
    return ok;
}

/// One change of the members, and what comes next.
Exit change(const Result<bool>& changed, const std::string& done, const std::string& next, const Common& common) {
    if (!changed) return report(changed.error(), common);
    if (common.json) {
        fmt::print("{}\n", json::serialize(json::object{{"changed", *changed}}));
    } else {
        fmt::print("{}\n{}", *changed ? done : "nothing to change: it is so already", next);
    }
    return ok;
}

}  // namespace

void add_site(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("site", "the sites of the control plane, and the static site");
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
    auto url = std::make_shared<std::string>();
    auto* add = command->add_subcommand("add", "a member of the state store for a site that is new");
    add_common(*add, *common);
    add->add_option("site", *name, "e.g. us-east-3")->required();
    add->add_option("--peer-url", *url, "where the other members reach it, e.g. https://us-east-3.example:2380")
        ->required();
    add->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto next = fmt::format(
            "now start etcd there with --name={} --initial-cluster-state=existing, then its controller; the next site "
            "only when `cloudshelf site list` says that this one is in step\n",
            *name
        );
        status = change(twin::add_member(*layout, *name, *url), *name + " is a member", next, *common);
    });
    auto* remove = command->add_subcommand("remove", "takes a site's member out of the state store, for good");
    add_common(*remove, *common);
    remove->add_option("site", *name, "e.g. us-east-3")->required();
    remove->add_option("--peer-url", *url, "of one that was added and has never been up");
    remove->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        status = change(twin::remove_member(*layout, *name, *url), *name + " is no member any more", "", *common);
    });
    auto* replace = command->add_subcommand("replace", "a new machine for a site whose disk is gone");
    add_common(*replace, *common);
    replace->add_option("site", *name, "e.g. us-east-2")->required();
    replace->add_flag("--force", *force, "also when it is up: it is lost first");
    replace->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto say = progress(*common);
        const twin::UpOptions options{.programs = program_folder(), .plan = common->plan};
        const auto done = twin::replace_site(*layout, *name, options, *force ? twin::Force::yes : twin::Force::no, say);
        if (!done) return void(status = report(done.error(), *common));
        say(fmt::format("{} is in step", *name));
    });
    add_site_publish(*command, status);
}

}  // namespace cloudshelf::cli
