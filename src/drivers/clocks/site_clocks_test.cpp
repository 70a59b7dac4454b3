// Goal: what other sites' answers say of their clocks reaches deadlines, status and metrics, and nothing unreadable
// does.
#include "drivers/clocks/site_clocks.hpp"

#include "io/clock.hpp"

#include <boost/json.hpp>

#include <gmock/gmock.h>

namespace cloudshelf::clocks {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const core::LeaseTerms terms{.duration = 600ms, .beat = 100ms};
constexpr TimePoint start{1000s};

/// A minute of answers, each a millisecond on its way.
void hear_for_a_minute(SiteClocks& clocks, const std::string& site, double rate_ppm, std::int64_t wall_ahead_ms = 0) {
    for (TimePoint at = start; at < start + 1min; at += 100ms) {
        const auto passed = static_cast<double>((at - start).count()) * (1 + rate_ppm / 1e6);
        const std::int64_t wall_ms = at.time_since_epoch() / 1ms;
        clocks.heard(
            site,
            core::ClockSample{
                .asked_at = at,
                .answered_at = at + 1ms,
                .wall_ms = wall_ms + 1,
                .theirs =
                    {.id = "boot",
                     .monotonic = TimePoint(Duration(static_cast<std::int64_t>(passed))),
                     .wall_ms = wall_ms + wall_ahead_ms},
            }
        );
    }
}

TEST(SiteClocks, TightensByTheWorstSite) {
    SiteClocks clocks(terms);
    EXPECT_EQ(clocks.terms().drift_ppm_max, terms.drift_ppm_max);
    hear_for_a_minute(clocks, "us-west-2", 20);
    EXPECT_EQ(clocks.drift_ppm(), 0);
    EXPECT_EQ(clocks.terms().holder(), terms.holder());
    hear_for_a_minute(clocks, "us-east-1", -900);
    EXPECT_GE(clocks.drift_ppm(), 900);
    EXPECT_LE(clocks.drift_ppm(), 950);
    EXPECT_LT(clocks.terms().holder(), terms.holder());
    EXPECT_GT(clocks.terms().taker(), terms.taker());
}

TEST(SiteClocks, ShowsWhatItKnows) {
    SiteClocks clocks(terms);
    hear_for_a_minute(clocks, "us-west-2", 20);
    hear_for_a_minute(clocks, "us-east-1", 900, 5000);
    const json::object status = clocks.status();
    EXPECT_EQ(status.at("us-west-2").at("verdict").as_string(), "within");
    EXPECT_FALSE(status.at("us-west-2").at("wall_apart").as_bool());
    EXPECT_EQ(status.at("us-east-1").at("verdict").as_string(), "beyond");
    EXPECT_TRUE(status.at("us-east-1").at("wall_apart").as_bool());
    EXPECT_GE(status.at("us-east-1").at("rate_ppm").at("upper").as_double(), 900);
    const std::string metrics = clocks.metrics();
    EXPECT_THAT(metrics, HasSubstr("cloudshelf_clock_rate_ppm_lower{site=\"us-east-1\"} 8"));
    EXPECT_THAT(metrics, HasSubstr("cloudshelf_clock_rate_ppm_upper{site=\"us-east-1\"} 9"));
    EXPECT_THAT(metrics, HasSubstr("cloudshelf_clock_wall_offset_seconds{site=\"us-east-1\"} 5.0"));
    EXPECT_THAT(metrics, HasSubstr("cloudshelf_lease_drift_ppm 9"));
}

TEST(SiteClocks, ReadsWhatAnswersCarry) {
    SiteClocks clocks(terms);
    const json::value answer{{"role", "standby"}, {"clock", own_clock()}};
    clocks.heard_text("us-west-2", io::now() - 1ms, json::serialize(answer));
    const json::object status = clocks.status();
    ASSERT_TRUE(status.contains("us-west-2"));
    EXPECT_EQ(status.at("us-west-2").at("verdict").as_string(), "unknown");
    EXPECT_THAT(clocks.metrics(), Not(HasSubstr("ppm_upper{")));
    const auto& wall = status.at("us-west-2").at("wall_offset_ms");
    EXPECT_LE(wall.at("lower").as_int64(), 0);
    EXPECT_GE(wall.at("upper").as_int64(), 0);
}

TEST(SiteClocks, IgnoresWhatIsNoClock) {
    SiteClocks clocks(terms);
    const TimePoint asked_at = io::now();
    for (const char* body :
         {"",
          "[]",
          "null",
          "{\"clock\"",
          R"({"clock": 7})",
          R"({"clock": {"id": "boot", "monotonic_ns": 1}})",
          R"({"clock": {"id": 1, "monotonic_ns": 1, "wall_ms": 1}})",
          R"({"clock": {"id": "boot", "monotonic_ns": -1, "wall_ms": 1}})",
          R"({"clock": {"id": "boot", "monotonic_ns": 9223372036854775807, "wall_ms": 1}})",
          R"({"clock": {"id": "boot", "monotonic_ns": 1e3, "wall_ms": 1}})"})
        clocks.heard_text("us-west-2", asked_at, body);
    EXPECT_TRUE(clocks.status().empty());
}

// The question of a process whose clock was read in another order than asked and answered.
TEST(SiteClocks, IgnoresAnAnswerFromBeforeItsQuestion) {
    SiteClocks clocks(terms);
    clocks.heard("us-west-2", io::now() + 1h, json::value{{"clock", own_clock()}});
    EXPECT_TRUE(clocks.status().empty());
}

}  // namespace
}  // namespace cloudshelf::clocks
