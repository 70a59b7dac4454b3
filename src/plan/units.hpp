#pragma once

#include "core/plan.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Values with units, as they are written in plans. Nothing: not such a value.
namespace cloudshelf::plan {

/// "15 min", "30s", "1 h 30 min", "1.5 h"; ms, s, min (m), h, d, w and their words. Whole milliseconds, up to 100
/// years.
std::optional<Duration> parse_duration(std::string_view text);
/// "2500 USD", "15.50 USD"
std::optional<core::Cents> parse_money(std::string_view text);
/// "99.9 %"
std::optional<core::Percent> parse_percent(std::string_view text);
/// "64 KiB", "16MiB", "1 GB", "512 B"
std::optional<core::ByteCount> parse_bytes(std::string_view text);
/// "09:00" to "24:00"
std::optional<core::MinuteOfDay> parse_time_of_day(std::string_view text);
/// "12-25" (every year) or "2026-11-27"
std::optional<core::Holiday> parse_holiday(std::string_view text);
/// A decimal number without unit.
std::optional<double> parse_number(std::string_view text);
std::optional<int> parse_integer(std::string_view text);

/// The candidate that `text` was probably meant to be; empty when none is near.
std::string near_miss(std::string_view text, const std::vector<std::string>& candidates);

}  // namespace cloudshelf::plan
