#include "wire/s3/timestamp.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::s3 {
namespace {

/// Takes texts of fixed width off the front of another.
class Digits {
public:
    explicit Digits(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    char next() const { return rest_.empty() ? '\0' : rest_[0]; }
    bool skip(char c) {
        if (next() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool number(std::size_t width, int& value) {
        if (rest_.size() < width) return false;
        value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            if (rest_[i] < '0' || rest_[i] > '9') return false;
            value = value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(width);
        return true;
    }
    /// ".123456", cut to milliseconds.
    bool fraction(int& milliseconds) {
        int weight = 100;
        bool some = false;
        for (; next() >= '0' && next() <= '9'; rest_.remove_prefix(1), weight /= 10, some = true)
            milliseconds += (next() - '0') * weight;
        return some;
    }

private:
    std::string_view rest_;
};

}  // namespace

std::string print_timestamp(std::int64_t unix_ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        clock.hours().count(),
        clock.minutes().count(),
        clock.seconds().count(),
        clock.subseconds().count()
    );
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
    Digits digits(text);
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
    if (!digits.number(4, year) || !digits.skip('-') || !digits.number(2, month) || !digits.skip('-') ||
        !digits.number(2, day))
        return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year(year),
        std::chrono::month(static_cast<unsigned>(month)),
        std::chrono::day(static_cast<unsigned>(day)),
    };
    if (!date.ok() || year < 1970) return std::nullopt;
    std::chrono::minutes offset{0};
    if (!digits.at_end()) {
        if (!digits.skip('T') || !digits.number(2, hour) || !digits.skip(':') || !digits.number(2, minute))
            return std::nullopt;
        if (digits.skip(':') && !digits.number(2, second)) return std::nullopt;
        if (digits.skip('.') && !digits.fraction(millisecond)) return std::nullopt;
        if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
        if (digits.next() == '+' || digits.next() == '-') {
            const int sign = digits.skip('-') ? -1 : (digits.skip('+'), 1);
            int hours = 0, minutes = 0;
            if (!digits.number(2, hours)) return std::nullopt;
            digits.skip(':');
            if (!digits.number(2, minutes) || hours > 23 || minutes > 59) return std::nullopt;
            offset = sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
        } else {
            digits.skip('Z');
        }
        if (!digits.at_end()) return std::nullopt;
    }
    const auto time = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::sys_days(date)) +
                      std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
                      std::chrono::milliseconds(millisecond) - offset;
    const auto unix_ms = time.time_since_epoch().count();
    constexpr std::int64_t year_10000_ms = 253'402'300'800'000;
    if (unix_ms < 0 || unix_ms >= year_10000_ms) return std::nullopt;
    return unix_ms;
}

}  // namespace cloudshelf::s3
