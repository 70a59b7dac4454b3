// break, restore: lose a region or a link of the twin, and give it back.
#include "cli/command.hpp"
#include "twin/network.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

struct Link {
    std::string from;
    std::string to;
    bool one_way = false;
    int delay_ms = 0;
    int jitter_ms = 0;
};

void add_region(
    CLI::App& parent,
    const char* summary,
    int& status,
    int (*act)(const twin::Layout&, const std::string&, const Common&)
) {
    auto* command = parent.add_subcommand("region", summary);
    auto common = std::make_shared<Common>();
    auto region = std::make_shared<std::string>();
    add_common(*command, *common);
    command->add_option("name", *region, "the region, e.g. us-east-1, or the witness")->required();
    command->callback([=, &status] {
        const auto layout = lay_out(*common);
        status = layout ? act(*layout, *region, *common) : layout.error();
    });
}

int lose_region(const twin::Layout& layout, const std::string& region, const Common& common) {
    const auto fault = twin::break_region(layout, region);
    if (!fault) return report(fault.error(), common);
    if (common.json) {
        fmt::print(
            "{}\n", json::serialize(json::object{{"region", region}, {"at_ns", fault->at.time_since_epoch().count()}})
        );
    } else {
        fmt::print("{} is gone: every process of it was killed\n", region);
    }
    return ok;
}

int return_region(const twin::Layout& layout, const std::string& region, const Common& common) {
    const auto restored = twin::restore_region(layout, region);
    if (!restored) return report(restored.error(), common);
    if (!common.json) fmt::print("{} is starting; a region rejoins as a standby of the writer\n", region);
    return ok;
}

int change_link(const twin::Layout& layout, const Link& link, const io::LinkWeather& weather, const Common& common) {
    auto changed = twin::set_weather(layout, link.from, link.to, weather);
    if (changed && !link.one_way) changed = twin::set_weather(layout, link.to, link.from, weather);
    if (!changed) return report(changed.error(), common);
    const auto now = twin::links(layout);
    if (!now) return report(now.error(), common);
    if (common.json) {
        fmt::print("{}\n", json::serialize(*now));
        return ok;
    }
    for (const auto& way : now->as_array()) {
        fmt::print(
            "{:<10} to {:<10} {}\n",
            json::value_to<std::string>(way.at("from")),
            json::value_to<std::string>(way.at("to")),
            way.at("cut").as_bool()                   ? "cut"
            : way.at("delay_ms").to_number<int>() > 0 ? fmt::format("{} ms late", way.at("delay_ms").to_number<int>())
                                                      : "clear"
        );
    }
    return ok;
}

void add_link(CLI::App& parent, const char* summary, bool breaks, int& status) {
    auto* command = parent.add_subcommand("link", summary);
    auto common = std::make_shared<Common>();
    auto link = std::make_shared<Link>();
    add_common(*command, *common);
    command->add_option("from", link->from, "a site, e.g. us-east-1")->required();
    command->add_option("to", link->to, "another")->required();
    command->add_flag("--one-way", link->one_way, "only what goes from the first to the second");
    if (breaks) {
        command->add_option("--delay-ms", link->delay_ms, "late instead of cut")->check(CLI::Range(1, 60'000));
        command->add_option("--jitter-ms", link->jitter_ms, "and up to this much later")->check(CLI::Range(0, 60'000));
        command->footer("Example: cloudshelf break link us-east-1 us-west-2 --delay-ms 40 --jitter-ms 10");
    }
    command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const io::LinkWeather weather{
            .cut = breaks && link->delay_ms == 0,
            .delay = std::chrono::milliseconds(link->delay_ms),
            .jitter = std::chrono::milliseconds(link->jitter_ms),
        };
        status = change_link(*layout, *link, weather, *common);
    });
}

}  // namespace

void add_break(CLI::App& app, int& status) {
    auto* lose = app.add_subcommand("break", "lose a region or a link");
    lose->require_subcommand(1);
    add_region(*lose, "SIGKILL every process of it at once", status, lose_region);
    add_link(*lose, "cut the link between two sites, or make it slow", true, status);
    auto* give_back = app.add_subcommand("restore", "give back a region or a link");
    give_back->require_subcommand(1);
    add_region(*give_back, "its machine comes back, with its old data", status, return_region);
    add_link(*give_back, "the link between two sites is clear again", false, status);
}

}  // namespace cloudshelf::cli
