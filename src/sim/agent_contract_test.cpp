#include "support/agent_contract.hpp"

#include "sim/agent.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::sim {
namespace {

using namespace std::chrono_literals;
using cloudshelf::contract::AgentCommand;

std::size_t index_of(const std::string& region) {
    return World::index_of(RegionName(region));
}

Task<> tell(World& world, AgentCommand command, std::optional<std::string>* answer) {
    Agent& agent = world.agent(index_of(command.region));
    if (command.what == "promote") {
        Promotion promotion{.epoch = Epoch(command.epoch), .limit = 500ms};
        promotion.fence = {.how = core::FenceHow::lease_ran_out, .epoch = Epoch(command.fence_epoch)};
        if (command.forged_token)
            promotion.token = core::PromotionToken{.system_id = "9", .timeline = 9, .lsn = Lsn(1)};
        *answer = co_await agent.promote(promotion);
    } else if (command.what == "demote") {
        *answer = co_await agent.demote(Epoch(command.epoch));
    } else if (command.what == "pause") {
        *answer = co_await agent.pause(Epoch(command.epoch), 100ms);
    } else if (command.what == "promise") {
        const int refused = co_await agent.promise(Epoch(command.epoch));
        *answer = refused == 0 ? "" : "promise-refused";
    } else {
        *answer = co_await agent.change_names(command.epoch, 1, 0);
    }
}

// Goal: the model refuses what the daemon refuses, for the same reason. Method: the same commands as on the running
// twin (incidents_livetest, StaleAndForgedCommands), after a switchover in a world where nothing else happens.
TEST(AgentContract, TheModelAnswersAsTheDaemonDoes) {
    const Scenario scenario{.faults_for = 10s, .faults = {{.what = FaultKind::ask_failover, .at = 1s}}};
    World world(scenario, {});
    const Verdicts verdicts = world.run();
    ASSERT_TRUE(verdicts.violations.empty()) << verdicts.violations.front();
    const auto& lease = world.store().truth().lease.record;
    ASSERT_EQ(lease.region.value(), "us-west-2");
    ASSERT_EQ(lease.epoch, Epoch(2));
    for (const auto& command : cloudshelf::contract::commands_after_a_switchover()) {
        std::optional<std::string> answer;
        Task<> asking = tell(world, command, &answer);
        asking.start();
        world.loop().run_until(world.loop().now() + 2s);
        ASSERT_TRUE(answer) << command.what << " to " << command.region << ": no answer";
        EXPECT_EQ(*answer, command.answer) << command.what << " of epoch " << command.epoch << " to " << command.region;
    }
    EXPECT_EQ(world.store().truth().lease.record.epoch, Epoch(2));
}

}  // namespace
}  // namespace cloudshelf::sim
