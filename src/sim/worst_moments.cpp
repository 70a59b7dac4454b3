#include "sim/worst_moments.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

using Kind = FaultKind;
using std::chrono::milliseconds;

constexpr Place writer = Place::us_east_1;  // the first; the second region is its standby
constexpr Place standby = Place::us_west_2;
constexpr Place witness = Place::us_east_2;

class Moment {
public:
    Moment(Scenario& scenario, Random& random) : scenario_(scenario), random_(random) {}

    void draw() {
        if (one_in(3)) {
            scenario_.profile = "wan";
            scale_ = 10;
        }
        switch (random_.below(9)) {
            case 0:
                lives_by_the_store_alone();
                break;
            case 1:
                lives_by_promises_alone();
                break;
            case 2:
                store_forgets_what_a_region_knows();
                break;
            case 3:
                standby_is_behind_in_a_switchover();
                break;
            case 4:
                is_lost_again_and_again();
                break;
            case 5:
                comes_into_step_slowly();
                break;
            case 6:
                lead_is_let_go_of_unheard();
                break;
            case 7:
                leader_of_an_old_term_goes_on();
                break;
            default:
                end_is_not_in_the_journal();
        }
    }

private:
    bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
    Duration up_to(Duration longest) { return milliseconds(random_.below(static_cast<std::uint64_t>(longest / 1ms))); }
    Duration scaled_up_to(Duration longest) { return up_to(longest * scale_); }
    /// Both regions are in step by then.
    Duration after_a_while() { return 3s * scale_ + scaled_up_to(2s); }
    void add(Fault fault) { scenario_.add(std::move(fault)); }
    void at_step(const std::string& step, bool begins, Fault fault) {
        fault.when = StepMoment{.step = step, .execution = 1, .begins = begins};
        add(std::move(fault));
    }
    void to_the_last_millionth() { scenario_.clock_ppm = {-drift_ppm_max, drift_ppm_max, drift_ppm_max}; }

    /// The regions have lost each other, so that no promise binds, and the last answer that the writer hears from the
    /// store may be a late one,
    /// or one to a renewal that an earlier try had stored. Its lease is taken when its own clock, as slow as may be,
    /// and the taker's, as fast, say so: whatever either counts too long or too short shows.
    void lives_by_the_store_alone() {
        to_the_last_millionth();
        const Duration at = after_a_while();
        const Duration alone = at + 1200ms * scale_ + scaled_up_to(1s);
        add({.what = Kind::cut, .at = at, .site = writer, .other = standby, .lasts = 5s * scale_});
        // Its own controller being dead it renews through the witness's, which leads, and sees each renewal at once.
        add({.what = Kind::kill_controller, .at = at, .site = writer, .lasts = 5s * scale_});
        Fault answers{.what = Kind::delay_messages, .at = alone, .site = witness, .other = writer};
        switch (random_.below(3)) {
            case 0:
                break;
            case 1:
                answers.at -= 200ms * scale_;
                answers.lasts = 300ms * scale_;
                answers.amount = 150 * scale_;
                add(std::move(answers));
                break;
            default:  // one is lost, and then what it told is found by the next try
                answers.what = Kind::cut_one_way;
                answers.at -= 250ms * scale_ + scaled_up_to(200ms);
                answers.lasts = 100ms * scale_ + scaled_up_to(200ms);
                add(std::move(answers));
        }
        add({.what = Kind::isolate, .at = alone, .site = writer, .lasts = 3s * scale_});
        add({.what = Kind::ask_failover_accepting_loss, .at = alone + 10ms + scaled_up_to(200ms)});
        if (one_in(2)) return;
        // The leader restarts while it waits for the lease to run out, and has to wait for all of it again.
        const Duration waited = 10ms + scaled_up_to(100ms);
        at_step("fence-old-writer", true, {.what = Kind::kill_controller, .at = waited, .site = witness, .lasts = 1ms});
    }

    /// The writer reaches no store and lives by the standby's promises. These are lost, too, before it could hear that
    /// they have ended; and whoever gave them restarts, or its wall clock jumps.
    void lives_by_promises_alone() {
        const Duration at = after_a_while();
        const Duration lasts = 5s * scale_;
        add({.what = Kind::cut, .at = at, .site = writer, .other = witness, .lasts = lasts});
        add({.what = Kind::kill_controller, .at = at, .site = writer, .lasts = lasts});
        add({.what = Kind::kill_controller, .at = at, .site = standby, .lasts = lasts});
        add({.what = Kind::ask_failover_accepting_loss, .at = at + 1s * scale_ + scaled_up_to(1s)});
        at_step("fence-old-writer", false, {.what = Kind::cut, .site = writer, .other = standby, .lasts = 3s * scale_});
        if (one_in(2)) {
            const Duration when = up_to(3ms);
            at_step("fence-old-writer", false, {.what = Kind::kill_agent, .at = when, .site = standby, .lasts = 1ms});
        } else {
            at_step(
                "promote-database",
                true,
                {.what = Kind::jump_wall_clock,
                 .at = 15ms + up_to(60ms),
                 .site = standby,
                 .lasts = 1s * scale_,
                 .amount = (600 + static_cast<std::int64_t>(random_.below(3'000))) * scale_}
            );
        }
    }

    /// The old writer saw that the other region was promoted, and could not join it. Then the store is restored from
    /// before: what the region wrote down is all that keeps it from writing at its old epoch.
    void store_forgets_what_a_region_knows() {
        const Duration at = after_a_while();
        const Duration moved = at + 1s * scale_;
        const Duration restored = moved + 2500ms * scale_ + scaled_up_to(1s);
        add({.what = Kind::cut, .at = at, .site = writer, .other = standby, .lasts = 8s * scale_});
        add({.what = Kind::ask_failover_accepting_loss, .at = moved});
        const std::uint64_t disk = random_.below(3);
        if (disk == 0) add({.what = Kind::fill_disk, .at = at, .site = writer, .lasts = 8s * scale_});
        if (disk == 1) add({.what = Kind::tear_epoch, .at = restored, .site = writer});
        if (one_in(2)) {  // and nobody else is left who knows
            add({.what = Kind::lose_site, .at = restored - 500ms * scale_, .site = standby, .lasts = 8s * scale_});
            add({.what = Kind::kill_controller, .at = restored, .site = Place::leader, .lasts = 10ms + up_to(200ms)});
        }
        add({.what = Kind::kill_agent, .at = restored, .site = writer, .lasts = 20ms + up_to(200ms)});
        add({.what = Kind::roll_back_store, .at = restored, .amount = (restored - moved) / 1ms});
    }

    /// The standby receives nothing any more just when the last writes before a switchover are to reach it.
    void standby_is_behind_in_a_switchover() {
        add({.what = one_in(2) ? Kind::ask_failover : Kind::ask_failback, .at = after_a_while()});
        const Fault deaf{.what = Kind::degrade, .lasts = 50ms * scale_ + scaled_up_to(600ms)};
        at_step(one_in(2) ? "check-preconditions" : "prepare-switchover", false, deaf);
    }

    /// As soon as both regions are in step again the writer is lost once more, and each new move finds another leader's
    /// process, which has to remember the moves before.
    void is_lost_again_and_again() {
        Duration at = after_a_while();
        for (int i = 0; i < 6; ++i) {
            add({.what = Kind::kill_controller, .at = at - 300ms * scale_, .site = Place::leader, .lasts = 20ms});
            add({.what = Kind::lose_site, .at = at, .site = Place::writer, .lasts = 1200ms * scale_});
            at += 2100ms * scale_ + scaled_up_to(400ms);
        }
    }

    /// The standby is heard again for a moment and then no more, and the writer is lost: what was acknowledged between
    /// that moment and the one from which orders wait again is missing there.
    void comes_into_step_slowly() {
        const Duration at = after_a_while();
        const Duration heard = at + 1500ms * scale_ + scaled_up_to(500ms);
        const Duration deaf_again = heard + 20ms * scale_ + scaled_up_to(40ms);
        add({.what = Kind::degrade, .at = at, .lasts = heard - at});
        add({.what = Kind::degrade, .at = deaf_again, .lasts = 2s * scale_});
        const Duration lost = deaf_again + 150ms * scale_ + scaled_up_to(700ms);
        add({.what = Kind::lose_site, .at = lost, .site = writer, .lasts = 3s * scale_ + scaled_up_to(2s)});
    }

    /// The leader's clock is far too slow, and it is cut off in the middle of a move: when it is back, another has
    /// finished it, while it believes that it still leads.
    void leader_of_an_old_term_goes_on() {
        const char* const steps[] = {
            "demote-writer", "take-lease", "promote-database", "smoke-tests", "switch-traffic"
        };
        const std::string step = steps[random_.below(std::size(steps))];
        add({.what = Kind::ask_failover, .at = after_a_while()});
        const Duration lasts = 4s * scale_ + scaled_up_to(2s);
        const bool begins = one_in(2);
        at_step(
            step,
            begins,
            {.what = Kind::change_clock,
             .site = Place::leader,
             .lasts = lasts + 2s * scale_,
             .amount = -900'000 + static_cast<std::int64_t>(random_.below(400'000))}
        );
        at_step(step, begins, {.what = Kind::isolate, .site = Place::leader, .lasts = lasts});
    }

    /// The second region's controller leads while the witness's is away, and hands the lead back as soon as it may; the
    /// store has it, and the answer comes late.
    void lead_is_let_go_of_unheard() {
        scenario_.profile = "lan";  // a leader's lease of 2 s, three of which it leads at least
        scale_ = 1;
        const Duration at = 1s + up_to(1s);
        add({.what = Kind::kill_controller, .at = at, .site = witness, .lasts = 3s});
        const Duration leaves = at + 7500ms;
        add({.what = Kind::kill_store, .at = leaves, .site = standby, .lasts = 3s});
        const auto late = static_cast<std::int64_t>(200 + random_.below(400));
        add({.what = Kind::delay_messages, .at = leaves, .site = witness, .other = standby, .lasts = 3s, .amount = late}
        );
    }

    /// The end of a move is not journalled at first, and the next one is asked for before it is.
    void end_is_not_in_the_journal() {
        const Duration at = after_a_while();
        add({.what = Kind::ask_failover, .at = at});
        const Duration full = 1100ms + up_to(300ms);
        at_step("notify", false, {.what = Kind::fill_store, .lasts = full});
        for (int i = 0; i < 3; ++i)
            at_step("notify", false, {.what = Kind::ask_failover_accepting_loss, .at = full + 20ms + up_to(300ms)});
    }

    Scenario& scenario_;
    Random& random_;
    int scale_ = 1;
};

}  // namespace

void draw_worst_moment(Scenario& scenario, Random& random) {
    Moment(scenario, random).draw();
}

}  // namespace cloudshelf::sim
