#include "cli/picture.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

const json::value* find(const json::value& value, const std::string& pointer) {
    boost::system::error_code none;
    return value.find_pointer(pointer, none);
}

std::string text(const json::value& value, const std::string& pointer, const char* otherwise = "?") {
    const auto* found = find(value, pointer);
    if (!found) return otherwise;
    if (found->is_string()) return std::string(found->as_string());
    if (found->is_double()) return fmt::format("{:.1f}", found->as_double());
    return json::serialize(*found);
}

/// Padded first: colours have no width.
std::string painted(const std::string& word, bool colour, std::size_t width = 0) {
    const std::string padding(word.size() < width ? width - word.size() : 0, ' ');
    if (!colour || word.empty()) return word + padding;
    const bool good =
        word == "writer" || word == "standby" || word == "healthy" || word == "succeeded" || word == "in-step";
    const bool bad = word == "down" || word == "fenced" || word == "quarantined" || word == "failed";
    return fmt::format("\x1b[{}m{}\x1b[0m{}", good ? "32" : bad ? "31" : "33", word, padding);
}

std::string lag(const json::value& region) {
    const auto* seconds = find(region, "/postgres/lag_seconds");
    const auto* bytes = find(region, "/postgres/lag_bytes");
    const auto* running = find(region, "/postgres/running");
    if (!bytes || !bytes->is_number() || !running || !running->is_bool() || !running->as_bool()) return "";
    return fmt::format(
        "  lag {} B{}",
        json::serialize(*bytes),
        seconds && seconds->is_number() ? fmt::format(", {:.2f} s", seconds->to_number<double>()) : ""
    );
}

/// "led from us-east-2; us-east-1 and us-west-2 are ready", or what is amiss.
std::string leaders(const json::value& status, bool colour) {
    const auto* controllers = find(status, "/controllers");
    if (!controllers || !controllers->is_object()) return {};
    std::string leader;
    std::string ready;
    std::string away;
    for (const auto& [site, seen] : controllers->as_object()) {
        const bool able = text(seen, "/answers") == "true" && text(seen, "/store") == "true";
        if (text(seen, "/leads") == "true") {
            leader = site;
        } else {
            std::string& list = able ? ready : away;
            list += fmt::format("{}{}", list.empty() ? "" : ", ", std::string_view(site));
        }
    }
    std::string line = "led from " + leader;
    if (leader.empty() && !ready.empty()) line = painted("nobody leads yet", colour);
    if (leader.empty() && ready.empty()) line = painted("nobody can lead: it takes two sites of three", colour);
    if (!ready.empty()) line += "; ready to: " + ready;
    if (!away.empty()) line += "; " + painted("not able to", colour) + ": " + away;
    return "  " + line + "\n";
}

/// A line for each site whose clock a person should look at.
std::string clocks(const json::value& status, bool colour) {
    const auto* sites = find(status, "/clocks");
    std::string out;
    if (!sites || !sites->is_object()) return out;
    for (const auto& [site, clock] : sites->as_object()) {
        if (text(clock, "/verdict") != "beyond") continue;
        out += fmt::format(
            "  {}: the clock of {} runs at another speed than the plan allows (docs/operations/clocks.md)\n",
            painted("alarm", colour),
            std::string_view(site)
        );
    }
    return out;
}

/// A line for each health check that is not healthy.
std::string checks(const json::value& status, bool colour) {
    const auto* all = find(status, "/health_checks");
    std::string out;
    if (!all || !all->is_array()) return out;
    for (const auto& check : all->as_array()) {
        if (text(check, "/status") == "healthy") continue;
        out += fmt::format(
            "  {}: health check {} ({})\n",
            painted("unhealthy", colour),
            text(check, "/name"),
            text(check, "/latest", "not looked at from here yet")
        );
    }
    return out;
}

}  // namespace

std::string picture(const json::value& status, bool colour) {
    std::string out = fmt::format(
        "writer {}  epoch {}  sync {}\n",
        text(status, "/lease/region"),
        text(status, "/lease/epoch"),
        painted(text(status, "/lease/sync"), colour)
    );
    if (const auto* regions = find(status, "/regions"); regions && regions->is_object()) {
        for (const auto& [name, region] : regions->as_object()) {
            out += fmt::format(
                "  {:<12} {} {}{}\n",
                std::string(name),
                painted(text(region, "/verdict"), colour, 10),
                painted(text(region, "/role", ""), colour, 11),
                lag(region)
            );
        }
    }
    out += leaders(status, colour) + clocks(status, colour) + checks(status, colour);
    if (const auto* executions = find(status, "/executions"); executions && executions->is_array()) {
        for (const auto& execution : executions->as_array()) {
            out += fmt::format(
                "  {} {}: {}\n",
                text(execution, "/procedure"),
                text(execution, "/id"),
                painted(text(execution, "/state"), colour)
            );
            if (text(execution, "/waits_for_approval") == "true") {
                const std::string guard = text(execution, "/guard");
                out += fmt::format(
                    "    {}; `cloudshelf approve {}` lets it go on\n",
                    guard.empty() ? "a step waits for a person" : guard,
                    text(execution, "/id")
                );
            }
        }
    }
    if (const std::string id = text(status, "/to_acknowledge", ""); !id.empty()) {
        out += fmt::format("  {0} was automatic: after `cloudshelf acknowledge {0}` the next one may be, too\n", id);
    }
    return out;
}

}  // namespace cloudshelf::cli
