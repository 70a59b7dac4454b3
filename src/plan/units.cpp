#include "plan/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ranges>
#include <utility>

namespace cloudshelf::plan {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t size;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void skip_spaces(std::string_view& text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

/// A non-negative decimal, as thousandths: exact up to three places. Takes it off the front.
std::optional<std::int64_t> take_thousandths(std::string_view& text) {
    std::int64_t whole = 0;
    std::size_t i = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) {
        if (i >= 13) return std::nullopt;
        whole = whole * 10 + (text[i] - '0');
    }
    if (i == 0) return std::nullopt;
    std::int64_t value = whole * 1000;
    if (i < text.size() && text[i] == '.') {
        std::int64_t place = 100;
        const std::size_t point = i++;
        for (; i < text.size() && is_digit(text[i]); ++i, place /= 10) {
            if (place == 0) return std::nullopt;
            value += place * (text[i] - '0');
        }
        if (i == point + 1) return std::nullopt;
    }
    text.remove_prefix(i);
    return value;
}

template <std::size_t Count>
std::optional<std::int64_t> take_unit(std::string_view& text, const std::array<Unit, Count>& units) {
    std::size_t i = 0;
    while (i < text.size() && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z'))) ++i;
    const auto found = std::ranges::find(units, text.substr(0, i), &Unit::name);
    if (found == units.end()) return std::nullopt;
    text.remove_prefix(i);
    return found->size;
}

constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour, week = 7 * day;
constexpr std::array<Unit, 21> time_units{
    {{"ms", 1},       {"milliseconds", 1}, {"s", second},   {"second", second}, {"seconds", second},
     {"sec", second}, {"m", minute},       {"min", minute}, {"minute", minute}, {"minutes", minute},
     {"h", hour},     {"hour", hour},      {"hours", hour}, {"d", day},         {"day", day},
     {"days", day},   {"w", week},         {"week", week},  {"weeks", week},    {"millisecond", 1},
     {"hr", hour}}
};
constexpr std::array<Unit, 7> byte_units{
    {{"B", 1},
     {"KiB", 1 << 10},
     {"MiB", 1 << 20},
     {"GiB", 1 << 30},
     {"kB", 1'000},
     {"MB", 1'000'000},
     {"GB", 1'000'000'000}}
};
constexpr std::int64_t longest = 100 * 366 * day;

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t total = 0;
    std::int64_t last_unit = longest;
    skip_spaces(text);
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        const auto amount = take_thousandths(text);
        if (!amount) return std::nullopt;
        skip_spaces(text);
        const auto unit = take_unit(text, time_units);
        if (!unit || *unit >= last_unit) return std::nullopt;
        __extension__ using Wide = __int128;
        const Wide thousandths = static_cast<Wide>(*amount) * *unit;
        if (thousandths % 1000 != 0 || thousandths / 1000 > longest - total) return std::nullopt;
        total += static_cast<std::int64_t>(thousandths / 1000);
        last_unit = *unit;
        skip_spaces(text);
    }
    return std::chrono::milliseconds(total);
}

std::optional<core::Cents> parse_money(std::string_view text) {
    const auto amount = take_thousandths(text);
    if (!amount || *amount % 10 != 0) return std::nullopt;
    skip_spaces(text);
    if (text != "USD") return std::nullopt;
    return core::Cents(*amount / 10);
}

std::optional<core::Percent> parse_percent(std::string_view text) {
    const auto amount = take_thousandths(text);
    skip_spaces(text);
    if (!amount || text != "%" || *amount > 100'000) return std::nullopt;
    return core::Percent(static_cast<double>(*amount) / 1000);
}

std::optional<core::ByteCount> parse_bytes(std::string_view text) {
    const auto amount = take_thousandths(text);
    if (!amount) return std::nullopt;
    skip_spaces(text);
    const auto unit = take_unit(text, byte_units);
    if (!unit || !text.empty()) return std::nullopt;
    __extension__ using Wide = __int128;
    const Wide thousandths = static_cast<Wide>(*amount) * *unit;
    if (thousandths % 1000 != 0 || thousandths / 1000 > std::int64_t{1} << 60) return std::nullopt;
    return core::ByteCount(static_cast<std::uint64_t>(thousandths / 1000));
}

std::optional<core::MinuteOfDay> parse_time_of_day(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto hours = parse_integer(text.substr(0, 2));
    const auto minutes = parse_integer(text.substr(3));
    if (!hours || !minutes || !is_digit(text[0]) || !is_digit(text[3])) return std::nullopt;
    const int value = *hours * 60 + *minutes;
    if (*minutes > 59 || value > 24 * 60) return std::nullopt;
    return core::MinuteOfDay(value);
}

std::optional<core::Holiday> parse_holiday(std::string_view text) {
    core::Holiday holiday;
    if (text.size() == 10 && text[4] == '-') {
        const auto year = parse_integer(text.substr(0, 4));
        if (!year || *year < 1970) return std::nullopt;
        holiday.year = year;
        text.remove_prefix(5);
    }
    if (text.size() != 5 || text[2] != '-') return std::nullopt;
    const auto month = parse_integer(text.substr(0, 2));
    const auto date = parse_integer(text.substr(3));
    if (!month || !date || *month < 1 || *date < 1) return std::nullopt;
    holiday.month = *month;
    holiday.day = *date;
    const std::chrono::year_month_day whole(
        std::chrono::year(holiday.year.value_or(2024)),  // a leap year: 29 February may be meant
        std::chrono::month(static_cast<unsigned>(*month)),
        std::chrono::day(static_cast<unsigned>(*date))
    );
    if (!whole.ok()) return std::nullopt;
    return holiday;
}

std::optional<double> parse_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto amount = take_thousandths(text);
    if (!amount || !text.empty()) return std::nullopt;
    return (negative ? -1.0 : 1.0) * static_cast<double>(*amount) / 1000;
}

std::optional<int> parse_integer(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

std::string near_miss(std::string_view text, const std::vector<std::string>& candidates) {
    const auto distance = [](std::string_view a, std::string_view b) {
        std::vector<std::size_t> row(b.size() + 1);
        for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
        for (std::size_t i = 1; i <= a.size(); ++i) {
            std::size_t diagonal = std::exchange(row[0], i);
            for (std::size_t j = 1; j <= b.size(); ++j) {
                const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
            }
        }
        return row[b.size()];
    };
    if (text.size() > 100) return {};
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
    for (const std::string& candidate : candidates | std::views::take(200)) {
        const std::size_t d = distance(text, candidate);
        if (d < best_distance) {
            best = candidate;
            best_distance = d;
        }
    }
    return best;
}

}  // namespace cloudshelf::plan
