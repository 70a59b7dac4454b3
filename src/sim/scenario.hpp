#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::sim {

/// How fast or slow the clocks of worlds are assumed to run at most, in millionths: so much that a margin forgotten
/// anywhere shows.
inline constexpr std::int64_t drift_ppm_max = 50'000;

/// Where a fault strikes. `all` is every site; writer, standby and leader are looked up when it does.
enum class Place { us_east_1, us_west_2, us_east_2, all, writer, standby, leader };

/// What can go wrong. The table in scenario.cpp says what each needs, and tells it in words.
enum class FaultKind {
    lose_site,
    suspend,
    cut,
    cut_one_way,
    isolate,
    flap,
    stall,
    lose_messages,
    double_messages,
    delay_messages,
    expire_certificate,
    kill_agent,
    kill_controller,
    kill_database,
    kill_store,
    pause_agent,
    pause_controller,
    pause_machine,
    pause_store,
    elect,
    slow_store,
    mute_store,
    fill_store,
    roll_back_store,
    fill_disk,
    tear_epoch,
    change_clock,
    jump_wall_clock,
    stale_resolvers,
    stop_nameserver,
    degrade,
    edit_plan,
    stale_command,
    ask_failover,
    ask_failover_accepting_loss,
    ask_failback,
    approve,
    count_of_kinds
};

/// What the fields of a fault mean for its kind.
struct FaultForm {
    FaultKind kind;
    std::string_view name;    // "cut-one-way"
    bool has_site = false;    // `site`
    bool has_other = false;   // `other`: the far end
    bool has_lasts = false;   // `for`
    std::string_view amount;  // what `amount` counts; empty: there is none
    std::string_view tells;   // for the story: {site}, {other}, {for} and {amount} are filled in
};
std::span<const FaultForm> fault_forms();
const FaultForm& form_of(FaultKind kind);

std::string_view name(Place place);
std::optional<Place> place_named(std::string_view name);

/// Around a step: when it begins, or has just been done or failed.
struct StepMoment {
    std::string step;             // "promote-database"
    std::uint64_t execution = 1;  // 1 is the first that the world ever begins
    bool begins = true;

    friend bool operator==(const StepMoment&, const StepMoment&) = default;
};

/// One thing that goes wrong: plain data, so that it can be drawn, kept in a file, and left out.
struct Fault {
    FaultKind what = FaultKind::cut;
    Duration at{};                   // since the faults begin; with `when`, since that moment. Whole milliseconds
    std::optional<StepMoment> when;  // else by time alone
    Place site = Place::us_east_1;
    Place other = Place::us_west_2;
    Duration lasts{};
    std::int64_t amount = 0;

    friend bool operator==(const Fault&, const Fault&) = default;
};

/// "3.000 s: the link between us-east-1 and us-west-2 is cut for 43 s"
std::string story_of(const Fault& fault);

/// Customers: one comes every so often, and every second one orders.
struct Workload {
    Duration every = std::chrono::milliseconds(30);

    friend bool operator==(const Workload&, const Workload&) = default;
};

/// What has to have happened, beyond the invariants, which always hold.
enum class Expectation { nothing_moves, nobody_is_fenced, writer_moves };
std::string_view name(Expectation expectation);
std::optional<Expectation> expectation_named(std::string_view name);

/// A whole world as data. What it leaves open (how long each message takes, who asks which nameserver) comes from
/// `seed`.
struct Scenario {
    std::uint64_t seed = 1;
    std::string about;            // one line for a reader
    std::string profile = "lan";  // of the timing
    Workload workload;
    std::array<std::int64_t, 3> clock_ppm{};  // how much faster than true time each site's clock runs
    Duration faults_for = std::chrono::seconds(25);
    Duration healed_for = std::chrono::seconds(25);
    std::optional<Place> stays_lost;  // a site that nobody brings back
    std::vector<Fault> faults;
    std::vector<Expectation> expect;

    bool expects(Expectation what) const;
    /// In the order of time; those around steps last.
    void add(Fault fault);
    friend bool operator==(const Scenario&, const Scenario&) = default;
};

}  // namespace cloudshelf::sim
