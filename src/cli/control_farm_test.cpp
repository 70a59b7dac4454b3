#include "cli/control_farm.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

Farm farm() {
    return {
        .network_base = 230,
        .applications = 1000,
        .timing = *core::built_in_timing("wan"),
        .sites = {RegionName("east"), RegionName("west"), RegionName("witness")},
    };
}

// Goal: quantiles are of the right size: a class is at most an eighth of a power of two wide.
TEST(Durations, Quantiles) {
    Durations durations;
    EXPECT_EQ(durations.quantile_ms(0.5), 0);
    for (int ms = 1; ms <= 100; ++ms) durations.add(ms * Duration(1ms));
    EXPECT_EQ(durations.count(), 100u);
    EXPECT_NEAR(durations.quantile_ms(0.5), 50, 5);
    EXPECT_NEAR(durations.quantile_ms(1), 100, 10);
    durations.clear();
    EXPECT_EQ(durations.count(), 0u);
}

TEST(Farm, EveryApplicationHasAnAddress) {
    EXPECT_EQ(farm().agent(0, 0).text(), "127.231.10.1:7400");
    EXPECT_EQ(farm().gateway(999, 1).text(), "127.232.14.200:8080");
}

// Goal: the stand-ins change as agents do: who is promoted writes, and the gateways find it.
TEST(Farm, Promotes) {
    auto& known = FarmState::shared().applications[3];
    known.writer = 0;
    known.epoch = 1;
    const auto role = [](int site) {
        return json::parse(agent_answer(farm(), 3, site, "/v1/status", "").body).at("role").as_string();
    };
    EXPECT_EQ(role(0), "writer");
    EXPECT_EQ(role(1), "standby");
    EXPECT_EQ(role(2), "witness");
    EXPECT_EQ(agent_answer(farm(), 3, 1, "/v1/promote", R"({"epoch":2})").status, 200);
    EXPECT_EQ(role(0), "standby");
    EXPECT_EQ(role(1), "writer");
    EXPECT_TRUE(gateway_answer(farm(), 3, 0, "/health").body.contains(R"("writer":"west")"));
    EXPECT_EQ(agent_answer(farm(), 3, 1, "/v1/promote", "nonsense").status, 400);
}

}  // namespace
}  // namespace cloudshelf::cli
