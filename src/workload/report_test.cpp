#include "workload/report.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::workload {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr TimePoint fault{100s};

core::Plan plan() {
    core::Plan plan;
    plan.application.name = "cloudshelf";
    plan.safety.soak = 2s;
    plan.revenue.peak = core::Cents(360'000);
    plan.services = {
        {.name = ServiceName("payments"),
         .rto = 900s,
         .rpo = 60s,
         .commit = core::CommitMode::synchronous,
         .recovered_by = "failover",
         .smoke_tests = {"order"}},
        {.name = ServiceName("book-catalog"),
         .rto = 3600s,
         .rpo = 900s,
         .recovered_by = "failover",
         .smoke_tests = {"books"}},
        {.name = ServiceName("analytics")},
    };
    return plan;
}

/// A region lost at `fault`, both services back 1 s later and green ever since; failed back at 20 s.
struct Story {
    core::Plan whole = plan();
    Evidence evidence{
        .plan = &whole, .region = "us-east-1", .fault = fault, .fault_over = fault + 10ms, .utc = "2026-11-23T05:30:00Z"
    };
    Acknowledged order{.service = "payments", .kind = "order", .id = "o1", .acked = fault - 2s, .epoch = 1};
    Acknowledged rating{.service = "book-catalog", .kind = "rating", .id = "r1", .acked = fault - 500ms, .epoch = 1};
    Acknowledged later{.service = "payments", .kind = "order", .id = "o2", .acked = fault + 21s, .epoch = 3};

    Story() {
        for (const Duration at : {-5s, 1s, 5s, 21s}) {
            const TimePoint ended = fault + at;
            const auto add = [&](const char* service, const char* kind) {
                evidence.ledger.deeds.push_back(
                    {.service = service, .kind = kind, .started = ended - 100ms, .ended = ended, .ok = true}
                );
            };
            add("payments", "buy");
            add("book-catalog", "browse");
        }
        evidence.ledger.writes = {order, rating, later};
        evidence.failover = {.state = "succeeded", .started = fault + 400ms};
        evidence.failover.steps = {
            {"promote-database", "succeeded", fault + 500ms, fault + 600ms}, {"notify", "running", fault + 700ms, {}}
        };
        evidence.failback = MoveRecord{.state = "succeeded", .started = fault + 20s};
        evidence.failback->steps = {
            {"pause-writes", "succeeded", fault + 20s, fault + 20010ms},
            {"promote-database", "succeeded", fault + 20100ms, fault + 20150ms}
        };
    }
    Report report() const { return make_report(evidence); }
};

TEST(Report, PassesWhenAllWentWell) {
    const Report report = Story().report();
    EXPECT_TRUE(report.passed()) << report.reasons[0];
    ASSERT_EQ(report.services.size(), 2u);
    EXPECT_EQ(report.services[0].rta, 1s);
    EXPECT_EQ(report.services[0].acknowledged_writes, 2u);
    EXPECT_EQ(report.not_covered, std::vector<std::string>{"analytics"});
    EXPECT_EQ(report.failback_pause_ms, 150);
    EXPECT_EQ(report.outage_cost.at("peak"), core::Cents(100));
    // What did not end is no phase.
    const std::vector<std::pair<std::string, double>> phases = {{"detected", 400}, {"promoted", 600}};
    EXPECT_EQ(report.phases_ms, phases);
}

// Goal: each of these alone makes the trial fail, with one reason.
TEST(Report, FailsForEachFaultAlone) {
    const auto reasons = [](auto change) {
        Story story;
        change(story);
        return story.report().reasons;
    };
    EXPECT_EQ(reasons([](Story& s) { s.evidence.bad = {{s.order, Found::missing}}; }).size(), 1u);
    EXPECT_EQ(reasons([](Story& s) { s.evidence.bad = {{s.later, Found::missing}}; }).size(), 1u);
    EXPECT_EQ(reasons([](Story& s) { s.evidence.bad = {{s.order, Found::twice}}; }).size(), 1u);
    EXPECT_EQ(reasons([](Story& s) { s.evidence.bad = {{s.rating, Found::wrong}}; }).size(), 1u);
    EXPECT_EQ(reasons([](Story& s) { s.evidence.bad = {{s.rating, Found::unread}}; }).size(), 1u);
    EXPECT_EQ(reasons([](Story& s) { s.evidence.failover.state = "failed"; }).size(), 1u);
    EXPECT_EQ(reasons([](Story& s) { s.evidence.failback->state = "failed"; }).size(), 1u);
    EXPECT_EQ(
        reasons([](Story& s) {
            s.evidence.ledger.writes.push_back({.acked = fault + 1s, .epoch = 2});
            s.evidence.ledger.writes.push_back({.acked = fault + 2s, .epoch = 1});
        }).size(),
        1u
    );
    EXPECT_EQ(
        reasons([](Story& s) {
            s.evidence.intervals = {
                {RegionName("us-east-1"), Epoch(1), fault - 9s, fault + 2s},
                {RegionName("us-west-2"), Epoch(2), fault + 1s, fault + 9s}
            };
        }).size(),
        1u
    );
    // One service was not used after the fault: not shown to have recovered.
    EXPECT_EQ(
        reasons([](Story& s) {
            std::erase_if(s.evidence.ledger.deeds, [](const Deed& deed) { return deed.service == "book-catalog"; });
        }).size(),
        1u
    );
}

// Goal: a lost rating is within the objective, and is counted and named all the same.
TEST(Report, CountsAnAllowedLoss) {
    Story story;
    story.evidence.bad = {{story.rating, Found::missing}};
    const Report report = story.report();
    EXPECT_TRUE(report.passed());
    const json::value said = json::parse(to_json(report));
    EXPECT_EQ(said.at("verdict"), "passed");
    EXPECT_EQ(said.at("services").at(1).at("lost_writes"), 1);
    EXPECT_EQ(said.at("services").at(1).at("rpa_s"), 0.5);
    EXPECT_EQ(said.at("lost").at(0).at("id"), "r1");
    EXPECT_EQ(said.at("failback").at("lost_writes"), 0);
    EXPECT_NE(to_markdown(report).find("| book-catalog | 1.000 s"), std::string::npos);
}

}  // namespace
}  // namespace cloudshelf::workload
