#pragma once

#include <array>
#include <string_view>

namespace cloudshelf::sim {

/// What a test breaks on purpose, to see that the simulator notices. One at a time; `nothing` is the program as it is.
enum class Planted {
    nothing,
    deadline_counts_from_the_answer,
    no_drift_margin,
    taker_does_not_wait,
    restarted_taker_counts_old_sight,
    store_written_without_comparing,
    promise_is_not_waited_for,
    promise_is_forgotten_by_a_restart,
    known_epoch_is_not_durable,
    only_the_agent_fences,
    only_the_postmaster_is_killed,
    promotion_without_a_look_at_the_store,
    restart_opens_as_it_was,
    cancelled_wait_counts_as_success,
    degraded_before_it_is_recorded,
    in_step_before_anybody_waits,
    in_step_before_it_caught_up,
    loss_guard_ignored,
    old_standby_is_promoted_unasked,
    switchover_skips_the_last_writes,
    follows_without_a_rewind,
    half_rewound_server_is_started,
    names_change_without_comparing,
    last_answer_is_removed_first,
    pause_does_not_end_by_itself,
    forged_epoch_is_remembered,
    count_of_planted
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Planted::count_of_planted)> planted_names{
    "nothing",
    "deadline-counts-from-the-answer",
    "no-drift-margin",
    "taker-does-not-wait",
    "restarted-taker-counts-old-sight",
    "store-written-without-comparing",
    "promise-is-not-waited-for",
    "promise-is-forgotten-by-a-restart",
    "known-epoch-is-not-durable",
    "only-the-agent-fences",
    "only-the-postmaster-is-killed",
    "promotion-without-a-look-at-the-store",
    "restart-opens-as-it-was",
    "cancelled-wait-counts-as-success",
    "degraded-before-it-is-recorded",
    "in-step-before-anybody-waits",
    "in-step-before-it-caught-up",
    "loss-guard-ignored",
    "old-standby-is-promoted-unasked",
    "switchover-skips-the-last-writes",
    "follows-without-a-rewind",
    "half-rewound-server-is-started",
    "names-change-without-comparing",
    "last-answer-is-removed-first",
    "pause-does-not-end-by-itself",
    "forged-epoch-is-remembered",
};

}  // namespace cloudshelf::sim
