#include "sim/scenario.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::sim {
namespace {

using Kind = FaultKind;

constexpr std::array forms{
    FaultForm{Kind::lose_site, "lose-site", true, false, true, "", "{site} is lost for {for}"},
    FaultForm{Kind::suspend, "suspend", true, false, true, "", "all machines of {site} sleep for {for}"},
    FaultForm{Kind::cut, "cut", true, true, true, "", "the link between {site} and {other} is cut for {for}"},
    FaultForm{Kind::cut_one_way, "cut-one-way", true, true, true, "", "nothing gets from {site} to {other} for {for}"},
    FaultForm{Kind::isolate, "isolate", true, false, true, "", "{site} is cut off from both others for {for}"},
    FaultForm{
        Kind::flap,
        "flap",
        true,
        true,
        true,
        "milliseconds that it is up, then down",
        "the link between {site} and {other} flaps every {amount} ms for {for}"
    },
    FaultForm{
        Kind::stall,
        "stall",
        true,
        true,
        true,
        "",
        "what {site} sends to {other} is held back for {for}, then arrives all at once"
    },
    FaultForm{
        Kind::lose_messages,
        "lose-messages",
        true,
        true,
        true,
        "messages in a million",
        "of what {site} sends to {other}, {amount} in a million are lost for {for}"
    },
    FaultForm{
        Kind::double_messages,
        "double-messages",
        true,
        true,
        true,
        "messages in a million",
        "of what {site} sends to {other}, {amount} in a million arrive twice for {for}"
    },
    FaultForm{
        Kind::delay_messages,
        "delay-messages",
        true,
        true,
        true,
        "milliseconds at most",
        "what {site} sends to {other} takes up to {amount} ms and overtakes itself, for {for}"
    },
    FaultForm{
        Kind::expire_certificate,
        "expire-certificate",
        true,
        false,
        true,
        "",
        "the certificates of {site} have ended, and are renewed after {for}"
    },
    FaultForm{
        Kind::kill_agent, "kill-agent", true, false, true, "", "the agent of {site} dies, and is back after {for}"
    },
    FaultForm{
        Kind::kill_controller,
        "kill-controller",
        true,
        false,
        true,
        "",
        "the controller at {site} dies, and is back after {for}"
    },
    FaultForm{Kind::kill_database, "kill-database", true, false, false, "", "PostgreSQL of {site} dies"},
    FaultForm{
        Kind::kill_store,
        "kill-store",
        true,
        false,
        true,
        "",
        "the store's member at {site} dies, and is back after {for}"
    },
    FaultForm{Kind::pause_agent, "pause-agent", true, false, true, "", "the agent of {site} sleeps for {for}"},
    FaultForm{
        Kind::pause_controller, "pause-controller", true, false, true, "", "the controller at {site} sleeps for {for}"
    },
    FaultForm{
        Kind::pause_machine,
        "pause-machine",
        true,
        false,
        true,
        "",
        "the database's machine of {site} sleeps for {for}, its fencer with it"
    },
    FaultForm{Kind::pause_store, "pause-store", true, false, true, "", "the store's member at {site} sleeps for {for}"},
    FaultForm{Kind::elect, "elect", false, false, false, "", "the store elects another leader"},
    FaultForm{
        Kind::slow_store,
        "slow-store",
        false,
        false,
        true,
        "milliseconds more for each change",
        "the store's disks take {amount} ms more for {for}"
    },
    FaultForm{
        Kind::mute_store,
        "mute-store",
        false,
        false,
        true,
        "answers in a million",
        "the store does what it is told, and {amount} of a million answers are lost, for {for}"
    },
    FaultForm{Kind::fill_store, "fill-store", false, false, true, "", "the store's disks are full for {for}"},
    FaultForm{
        Kind::roll_back_store,
        "roll-back-store",
        false,
        false,
        false,
        "milliseconds of history",
        "the store forgets the last {amount} ms"
    },
    FaultForm{
        Kind::fill_disk,
        "fill-disk",
        true,
        false,
        true,
        "",
        "the disk of the agent of {site} is full for {for}: it can remember nothing"
    },
    FaultForm{
        Kind::tear_epoch,
        "tear-epoch",
        true,
        false,
        false,
        "",
        "what the agent of {site} wrote down of its epoch becomes unreadable"
    },
    FaultForm{
        Kind::change_clock,
        "change-clock",
        true,
        false,
        true,
        "millionths of its speed",
        "the clock of {site} runs {amount} ppm fast for {for}"
    },
    FaultForm{
        Kind::jump_wall_clock,
        "jump-wall-clock",
        true,
        false,
        true,
        "milliseconds ahead",
        "the wall clock of {site} is {amount} ms ahead for {for}"
    },
    FaultForm{
        Kind::stale_resolvers,
        "stale-resolvers",
        false,
        false,
        true,
        "",
        "resolvers give their customers what they remember, however old, for {for}"
    },
    FaultForm{
        Kind::stop_nameserver, "stop-nameserver", true, false, true, "", "the nameserver of {site} is silent for {for}"
    },
    FaultForm{
        Kind::degrade, "degrade", false, false, true, "", "the standby stops receiving what the writer sends, for {for}"
    },
    FaultForm{
        Kind::edit_plan,
        "edit-plan",
        false,
        false,
        false,
        "edition",
        "the plan's edition {amount} counts from each controller's next start"
    },
    FaultForm{
        Kind::stale_command,
        "stale-command",
        true,
        false,
        false,
        "epochs after the current one",
        "somebody tells {site} to open, at the current epoch plus {amount}"
    },
    FaultForm{Kind::ask_failover, "ask-failover", false, false, false, "", "a person asks for a failover"},
    FaultForm{
        Kind::ask_failover_accepting_loss,
        "ask-failover-accepting-loss",
        false,
        false,
        false,
        "",
        "a person asks for a failover, whatever is lost"
    },
    FaultForm{Kind::ask_failback, "ask-failback", false, false, false, "", "a person asks for a switchover"},
    FaultForm{Kind::approve, "approve", false, false, false, "", "a person approves what waits"},
};
static_assert(forms.size() == static_cast<std::size_t>(Kind::count_of_kinds));

constexpr std::array<std::string_view, 7> places{
    "us-east-1", "us-west-2", "us-east-2", "all", "writer", "standby", "leader"
};
constexpr std::array<std::string_view, 3> expectations{"nothing-moves", "nobody-is-fenced", "writer-moves"};

std::string in_words(Place place) {
    const bool role = place == Place::writer || place == Place::standby || place == Place::leader;
    if (place == Place::all) return "every site";
    return (role ? "the site of the " : "") + std::string(name(place));
}

std::string seconds(Duration duration) {
    return fmt::format("{:.3f} s", std::chrono::duration<double>(duration).count());
}

void fill_in(std::string& text, std::string_view field, const std::string& value) {
    if (const auto at = text.find(field); at != std::string::npos) text.replace(at, field.size(), value);
}

}  // namespace

std::span<const FaultForm> fault_forms() {
    return forms;
}

const FaultForm& form_of(FaultKind kind) {
    const FaultForm& form = forms[static_cast<std::size_t>(kind)];
    CLOUDSHELF_ASSERT(form.kind == kind);
    return form;
}

std::string_view name(Place place) {
    return places[static_cast<std::size_t>(place)];
}

std::optional<Place> place_named(std::string_view name) {
    const auto found = std::ranges::find(places, name);
    if (found == places.end()) return std::nullopt;
    return static_cast<Place>(found - places.begin());
}

std::string_view name(Expectation expectation) {
    return expectations[static_cast<std::size_t>(expectation)];
}

std::optional<Expectation> expectation_named(std::string_view name) {
    const auto found = std::ranges::find(expectations, name);
    if (found == expectations.end()) return std::nullopt;
    return static_cast<Expectation>(found - expectations.begin());
}

std::string story_of(const Fault& fault) {
    std::string text(form_of(fault.what).tells);
    fill_in(text, "{site}", in_words(fault.site));
    fill_in(text, "{other}", in_words(fault.other));
    fill_in(text, "{for}", seconds(fault.lasts));
    fill_in(text, "{amount}", std::to_string(fault.amount));
    if (!fault.when) return fmt::format("{}: {}", seconds(fault.at), text);
    const auto& when = *fault.when;
    return fmt::format(
        "{} after step {} of execution {} {}: {}",
        seconds(fault.at),
        when.step,
        when.execution,
        when.begins ? "begins" : "ends",
        text
    );
}

bool Scenario::expects(Expectation what) const {
    return std::ranges::find(expect, what) != expect.end();
}

void Scenario::add(Fault fault) {
    if (!form_of(fault.what).has_site) fault.site = Fault{}.site;
    const auto sooner = [](const Fault& a, const Fault& b) {
        return a.when.has_value() != b.when.has_value() ? !a.when : a.at < b.at;
    };
    faults.insert(std::ranges::upper_bound(faults, fault, sooner), fault);
}

}  // namespace cloudshelf::sim
