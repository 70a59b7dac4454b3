#include "core/costs.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::chrono::local_days day_of(LocalTime time) {
    return std::chrono::floor<std::chrono::days>(time);
}

bool is_holiday(const Revenue& revenue, std::chrono::local_days day) {
    const std::chrono::year_month_day date(day);
    return std::ranges::any_of(revenue.holidays, [&](const Holiday& holiday) {
        return (!holiday.year || *holiday.year == static_cast<int>(date.year())) &&
               holiday.month == static_cast<int>(static_cast<unsigned>(date.month())) &&
               holiday.day == static_cast<int>(static_cast<unsigned>(date.day()));
    });
}

bool is_weekend(std::chrono::local_days day) {
    const std::chrono::weekday weekday(day);
    return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
}

/// The next moment after `time` at which the rate can change.
LocalTime next_change(const Revenue& revenue, LocalTime time) {
    const LocalTime midnight = day_of(time);
    LocalTime next = midnight + 24h;
    for (const MinuteOfDay edge : {revenue.peak_hours.from, revenue.peak_hours.to}) {
        const LocalTime at = midnight + std::chrono::minutes(edge.value());
        if (at > time && at < next) next = at;
    }
    return next;
}

}  // namespace

Cents rate_at(const Revenue& revenue, LocalTime time) {
    const auto day = day_of(time);
    if (is_holiday(revenue, day)) return revenue.holiday;
    if (is_weekend(day)) return revenue.weekend;
    const auto minute = std::chrono::floor<std::chrono::minutes>(time - LocalTime(day)).count();
    const bool peak = minute >= revenue.peak_hours.from.value() && minute < revenue.peak_hours.to.value();
    return peak ? revenue.peak : revenue.off_peak;
}

Cents outage_cost(const Revenue& revenue, LocalTime start, Duration length) {
    const LocalTime end = start + std::chrono::ceil<milliseconds>(std::max(length, Duration::zero()));
    // In parts of a cent (per hour × millisecond), so that nothing is rounded before the end.
    __extension__ using Wide = __int128;
    Wide parts = 0;
    for (LocalTime at = start; at < end;) {
        const LocalTime until = std::min(end, next_change(revenue, at));
        parts += static_cast<Wide>(rate_at(revenue, at).value()) * (until - at).count();
        at = until;
    }
    constexpr Wide hour = milliseconds(1h).count();
    return Cents(static_cast<std::int64_t>((parts + hour / 2) / hour));
}

Cents average_rate(const Revenue& revenue) {
    const std::int64_t peak_minutes = revenue.peak_hours.to.value() - revenue.peak_hours.from.value();
    const std::int64_t day = peak_minutes * revenue.peak.value() + (24 * 60 - peak_minutes) * revenue.off_peak.value();
    const std::int64_t weekend = std::int64_t{24} * 60 * revenue.weekend.value();
    return Cents((5 * day + 2 * weekend) / (7 * 24 * 60));
}

Duration break_even(Cents cost, Cents rate) {
    CLOUDSHELF_ASSERT(rate.value() > 0);
    const double hours = static_cast<double>(cost.value()) / static_cast<double>(rate.value());
    return std::chrono::round<milliseconds>(std::chrono::duration<double, std::ratio<3600>>(hours));
}

Duration downtime_budget(Percent availability) {
    const double hours = (100.0 - availability.value()) / 100.0 * 365.25 * 24;
    return std::chrono::round<milliseconds>(std::chrono::duration<double, std::ratio<3600>>(hours));
}

Cents monthly_cost(const Costs& costs) {
    std::int64_t sum = 0;
    for (const CostItem& item : costs.items) sum += item.monthly.value();
    return Cents(sum);
}

std::string format_money(Cents money) {
    const std::int64_t value = money.value() < 0 ? -money.value() : money.value();
    std::string whole = fmt::format("{}", value / 100);
    for (auto i = static_cast<std::ptrdiff_t>(whole.size()) - 3; i > 0; i -= 3)
        whole.insert(static_cast<std::size_t>(i), ",");
    const std::string cents = value % 100 == 0 ? "" : fmt::format(".{:02}", value % 100);
    return fmt::format("{}${}{}", money.value() < 0 ? "-" : "", whole, cents);
}

}  // namespace cloudshelf::core
