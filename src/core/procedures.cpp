#include "core/procedures.hpp"

namespace cloudshelf::core {

using namespace std::chrono_literals;

std::vector<StepSpec> failover_steps(const ProcedureLimits& limits) {
    return {
        {.name = "fence-old-writer", .action = "take-lease", .limit = limits.lease_wait, .attempts_max = 20},
        {.name = "promote-database",
         .action = "promote",
         .after = {"fence-old-writer"},
         .limit = limits.promotion,
         .attempts_max = 20},
        {.name = "point-functions",
         .action = "point-functions",
         .after = {"promote-database"},
         .limit = 15s,
         .attempts_max = 3},
        {.name = "warm-functions",
         .action = "warm-functions",
         .after = {"promote-database"},
         .limit = 5s,
         .essential = false},
        {.name = "smoke-tests",
         .action = "smoke-tests",
         .after = {"point-functions", "warm-functions"},
         .limit = limits.smoke_tests,
         .attempts_max = 5},
        {.name = "switch-traffic",
         .action = "switch-traffic",
         .after = {"smoke-tests"},
         .limit = limits.traffic,
         .attempts_max = 20},
        {.name = "verify-outside",
         .action = "verify-outside",
         .after = {"switch-traffic"},
         .limit = 30s,
         .attempts_max = 20,
         .essential = false},
        {.name = "notify", .action = "notify", .after = {"verify-outside"}, .limit = 10s, .essential = false},
    };
}

std::vector<StepSpec> switchover_steps(const ProcedureLimits& limits) {
    return {
        {.name = "prepare-switchover", .action = "prepare-switchover", .limit = 60s, .attempts_max = 2},
        {.name = "pause-writes",
         .action = "pause-writes",
         .after = {"prepare-switchover"},
         .limit = 5s,
         .undo = "resume-writer"},
        {.name = "demote-writer",
         .action = "demote",
         .after = {"pause-writes"},
         .limit = 20s,
         .attempts_max = 3,
         .undo = "resume-writer"},
        {.name = "take-lease",
         .action = "take-lease",
         .after = {"demote-writer"},
         .limit = limits.lease_wait,
         .attempts_max = 20},
        // From here on there is no way back but forward: the new epoch exists.
        {.name = "promote-database",
         .action = "promote",
         .after = {"take-lease"},
         .limit = limits.promotion,
         .attempts_max = 20},
        {.name = "point-functions",
         .action = "point-functions",
         .after = {"promote-database"},
         .limit = 15s,
         .attempts_max = 3},
        {.name = "smoke-tests",
         .action = "smoke-tests",
         .after = {"point-functions"},
         .limit = limits.smoke_tests,
         .attempts_max = 5},
        {.name = "switch-traffic",
         .action = "switch-traffic",
         .after = {"smoke-tests"},
         .limit = limits.traffic,
         .attempts_max = 20},
        {.name = "verify-outside",
         .action = "verify-outside",
         .after = {"switch-traffic"},
         .limit = 30s,
         .attempts_max = 20},
        {.name = "notify", .action = "notify", .after = {"verify-outside"}, .limit = 10s},
    };
}

}  // namespace cloudshelf::core
