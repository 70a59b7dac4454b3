#include "core/costs.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

Revenue rates() {
    Revenue revenue;
    revenue.peak = Cents(2500'00);
    revenue.off_peak = Cents(800'00);
    revenue.weekend = Cents(1200'00);
    revenue.holiday = Cents(4000'00);
    revenue.peak_hours = {.from = MinuteOfDay(9 * 60), .to = MinuteOfDay(21 * 60)};
    revenue.holidays = {{.year = std::nullopt, .month = 12, .day = 25}, {.year = 2026, .month = 11, .day = 27}};
    return revenue;
}

LocalTime at(int year, unsigned month, unsigned day, std::chrono::minutes time) {
    using namespace std::chrono;
    return local_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day)) + time;
}

// Goal: each rate applies from its first millisecond to its last. Method: amounts worked out by hand.
TEST(OutageCost, EachRateAtItsTime) {
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 23, 10h), 1h), Cents(2500'00));  // Monday morning
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 23, 22h), 1h), Cents(800'00));   // Monday night
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 28, 12h), 1h), Cents(1200'00));  // Saturday
    EXPECT_EQ(outage_cost(rates(), at(2026, 12, 25, 3h), 1h), Cents(4000'00));   // a holiday's night
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 27, 12h), 1h), Cents(4000'00));  // that year's only
    EXPECT_EQ(outage_cost(rates(), at(2025, 11, 27, 12h), 1h), Cents(2500'00));
    EXPECT_EQ(outage_cost(rates(), at(2027, 12, 25, 12h), 1h), Cents(4000'00));  // a holiday on a Saturday
}

TEST(OutageCost, EdgesSplitTheInterval) {
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 23, 8h + 30min), 1h), Cents(400'00 + 1250'00));
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 23, 20h + 30min), 1h), Cents(1250'00 + 400'00));
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 27, 23h), 2h), Cents(4000'00 + 1200'00));  // holiday → Saturday
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 29, 23h), 2h), Cents(1200'00 + 800'00));   // Sunday → Monday
    // A whole week without holidays, and its average.
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 2, 0h), 7 * 24h), Cents(255'600'00));
    EXPECT_EQ(average_rate(rates()), Cents(1521'42));
}

TEST(OutageCost, ShortOutagesAreNotRoundedAway) {
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 23, 10h), 1s), Cents(69));
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 23, 10h), 0s), Cents(0));
    EXPECT_EQ(outage_cost(rates(), at(2026, 11, 23, 10h), 1500ms), Cents(104));
}

TEST(Costs, BudgetAndBreakEven) {
    EXPECT_EQ(downtime_budget(Percent(99.9)), Duration(8h + 45min + 57s + 600ms));  // 8.766 h
    EXPECT_EQ(break_even(Cents(6600'00), Cents(2500'00)), Duration(2h + 38min + 24s));
    EXPECT_EQ(break_even(Cents(36000'00), Cents(2000'00)), Duration(18h));
    EXPECT_EQ(format_money(Cents(36000'00)), "$36,000");
    EXPECT_EQ(format_money(Cents(1234567'89)), "$1,234,567.89");
    EXPECT_EQ(format_money(Cents(5)), "$0.05");
}

}  // namespace
}  // namespace cloudshelf::core
