#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What an agent answers to commands that come too late, or that nobody gave. The simulator's model of the agent and
/// the daemon are both held to it: whatever the model may do, the daemon does.
namespace cloudshelf::contract {

struct AgentCommand {
    std::string region;  // whose agent is told
    std::string what;    // "promote", "demote", "pause", "promise", "dns"
    std::uint64_t epoch = 0;
    std::uint64_t fence_epoch = 0;  // promote
    bool forged_token = false;      // promote: a token of another database
    std::string answer;             // the code of the refusal; empty: it is done
};

/// After a switchover from us-east-1 to us-west-2, at epoch 2, with us-east-1 following in step.
inline std::vector<AgentCommand> commands_after_a_switchover() {
    return {
        // A controller that slept through the move goes on with the one before.
        {.region = "us-east-1", .what = "promote", .epoch = 2, .fence_epoch = 1, .answer = "stale-epoch"},
        {.region = "us-east-1", .what = "demote", .epoch = 1, .answer = "stale-epoch"},
        {.region = "us-west-2", .what = "demote", .epoch = 1, .answer = "stale-epoch"},
        {.region = "us-west-2", .what = "pause", .epoch = 1, .answer = "stale-epoch"},
        {.region = "us-east-2", .what = "dns", .epoch = 1, .answer = "stale-epoch"},
        // Nothing proves that the writer of epoch 2 has ended.
        {.region = "us-east-1", .what = "promote", .epoch = 3, .fence_epoch = 1, .answer = "no-fence-record"},
        // Well formed, and the store knows nothing of it.
        {.region = "us-east-1",
         .what = "promote",
         .epoch = 3,
         .fence_epoch = 2,
         .forged_token = true,
         .answer = "stale-epoch"},
        // The writer of epoch 1 asks for a promise that would let it go on.
        {.region = "us-east-1", .what = "promise", .epoch = 1, .answer = "promise-refused"},
        {.region = "us-east-1", .what = "promise", .epoch = 2, .answer = ""},
    };
}

}  // namespace cloudshelf::contract
