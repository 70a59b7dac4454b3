#pragma once

#include "core/plan.hpp"

#include <chrono>
#include <string>

namespace cloudshelf::core {

/// Wall-clock time where the customers are, without a zone: rates are agreed in local time.
using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

/// Money lost per hour at that moment: a holiday counts before a weekend, a weekend before peak and off-peak.
Cents rate_at(const Revenue& revenue, LocalTime time);

/// Money an outage of [start, start + length) costs, each stretch at its own rate, rounded to the nearest cent.
Cents outage_cost(const Revenue& revenue, LocalTime start, Duration length);

/// Money lost per hour on average over a week without holidays.
Cents average_rate(const Revenue& revenue);

/// How long an outage has to be prevented to pay for `cost`, at `rate` an hour. Precondition: rate > 0.
Duration break_even(Cents cost, Cents rate);

/// Downtime a year (365.25 days) that the target allows: 99.9 % → 8.766 h.
Duration downtime_budget(Percent availability);

/// Sum of the items, per month.
Cents monthly_cost(const Costs& costs);

/// "$2,500" or "$12.34"
std::string format_money(Cents money);

}  // namespace cloudshelf::core
