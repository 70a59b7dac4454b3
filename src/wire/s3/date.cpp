#include "wire/s3/date.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudshelf::s3 {
namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 7> days{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"
};
constexpr std::array<std::string_view, 12> months{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};
constexpr std::size_t short_name = 3;

struct Parts {
    int year = 0;
    unsigned month = 1;
    unsigned day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

Parts parts(Seconds time) {
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date(day);
    const chrono::hh_mm_ss clock(time - day);
    const int year = static_cast<int>(date.year());
    CLOUDSHELF_ASSERT(year >= 0 && year <= 9999);
    return {
        .year = year,
        .month = static_cast<unsigned>(date.month()),
        .day = static_cast<unsigned>(date.day()),
        .hour = static_cast<int>(clock.hours().count()),
        .minute = static_cast<int>(clock.minutes().count()),
        .second = static_cast<int>(clock.seconds().count()),
    };
}

/// Whether its year can be written with four digits.
template <class Time>
bool can_be_written(Time time) {
    const chrono::year_month_day date(chrono::floor<chrono::days>(time));
    return date.year() >= chrono::year(0) && date.year() <= chrono::year(9999);
}

/// Nothing where there is no such day or time. A leap second is taken as the next minute's first.
std::optional<Seconds> time_of(const Parts& parts) {
    const auto date = chrono::year(parts.year) / chrono::month(parts.month) / chrono::day(parts.day);
    if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
    const Seconds time = chrono::sys_days(date) + chrono::hours(parts.hour) + chrono::minutes(parts.minute) +
                         chrono::seconds(parts.second);
    return can_be_written(time) ? std::optional(time) : std::nullopt;
}

/// Takes a date apart from its beginning; once something doesn't fit, nothing fits any more.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    Scanner& literal(std::string_view expected) {
        good_ = good_ && rest_.starts_with(expected);
        if (good_) rest_.remove_prefix(expected.size());
        return *this;
    }

    template <class Number>
    Scanner& number(Number& to, std::size_t size) {
        good_ = good_ && rest_.size() >= size;
        Number value = 0;
        for (std::size_t i = 0; good_ && i < size; ++i) {
            good_ = rest_[i] >= '0' && rest_[i] <= '9';
            value = static_cast<Number>(value * 10 + static_cast<Number>(rest_[i] - '0'));
        }
        if (!good_) return *this;
        to = value;
        rest_.remove_prefix(size);
        return *this;
    }

    /// asctime writes days before the tenth with a blank.
    Scanner& padded(unsigned& to) { return skip(' ') ? number(to, 1) : number(to, 2); }

    Scanner& month(unsigned& to) {
        const auto* const found = std::ranges::find(months, rest_.substr(0, short_name));
        good_ = good_ && found != months.end();
        if (!good_) return *this;
        to = static_cast<unsigned>(found - months.begin()) + 1;
        rest_.remove_prefix(short_name);
        return *this;
    }

    Scanner& clock(Parts& to) {
        return number(to.hour, 2).literal(":").number(to.minute, 2).literal(":").number(to.second, 2);
    }

    bool skip(char c) {
        if (!good_ || !rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool at_end() const { return good_ && rest_.empty(); }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
    bool good_ = true;
};

/// The thousandths of a second after its point, and what follows them.
std::optional<chrono::milliseconds> take_fraction(Scanner& scanner) {
    int value = 0;
    std::size_t count = 0;
    for (; !scanner.rest().empty() && scanner.rest().front() >= '0' && scanner.rest().front() <= '9'; ++count) {
        int digit = 0;
        scanner.number(digit, 1);
        if (count < 3) value = value * 10 + digit;
    }
    if (count == 0) return std::nullopt;
    for (; count < 3; ++count) value *= 10;
    return chrono::milliseconds(value);
}

/// What has to be added to a local time to have UTC.
std::optional<chrono::minutes> take_offset(Scanner& scanner) {
    if (scanner.skip('Z')) return chrono::minutes(0);
    const bool east = scanner.skip('+');
    if (!east && !scanner.skip('-')) return std::nullopt;
    int hours = 0;
    int minutes = 0;
    scanner.number(hours, 2).literal(":").number(minutes, 2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    const auto offset = chrono::hours(hours) + chrono::minutes(minutes);
    return east ? -offset : offset;
}

}  // namespace

std::string http_date(Seconds time) {
    const Parts p = parts(time);
    const chrono::weekday day(chrono::floor<chrono::days>(time));
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        days.at(day.c_encoding()).substr(0, short_name),
        p.day,
        months.at(p.month - 1),
        p.year,
        p.hour,
        p.minute,
        p.second
    );
}

std::optional<Seconds> parse_http_date(std::string_view text) {
    const auto* const day =
        std::ranges::find_if(days, [&](std::string_view each) { return text.starts_with(each.substr(0, short_name)); });
    if (day == days.end()) return std::nullopt;
    Parts p;
    Scanner fixed(text.substr(short_name));
    fixed.literal(", ").number(p.day, 2).literal(" ").month(p.month).literal(" ").number(p.year, 4).literal(" ");
    if (fixed.clock(p).literal(" GMT").at_end()) return time_of(p);

    Scanner rfc850(text);
    rfc850.literal(*day).literal(", ").number(p.day, 2).literal("-").month(p.month).literal("-").number(p.year, 2);
    if (rfc850.literal(" ").clock(p).literal(" GMT").at_end()) {
        p.year += p.year < 70 ? 2000 : 1900;
        return time_of(p);
    }

    Scanner asctime(text.substr(short_name));
    asctime.literal(" ").month(p.month).literal(" ").padded(p.day).literal(" ").clock(p).literal(" ").number(p.year, 4);
    return asctime.at_end() ? time_of(p) : std::nullopt;
}

std::string iso_8601(Milliseconds time) {
    const auto second = chrono::floor<chrono::seconds>(time);
    const Parts p = parts(second);
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        p.year,
        p.month,
        p.day,
        p.hour,
        p.minute,
        p.second,
        (time - second).count()
    );
}

std::optional<Milliseconds> parse_iso_8601(std::string_view text) {
    Parts p;
    Scanner basic(text);
    basic.number(p.year, 4).number(p.month, 2).number(p.day, 2).literal("T");
    if (basic.number(p.hour, 2).number(p.minute, 2).number(p.second, 2).literal("Z").at_end()) return time_of(p);

    p = {};
    Scanner date(text);
    date.number(p.year, 4).literal("-").number(p.month, 2).literal("-").number(p.day, 2);
    if (date.at_end()) return time_of(p);
    date.literal("T").clock(p);
    auto fraction = std::optional(chrono::milliseconds(0));
    if (date.skip('.')) fraction = take_fraction(date);
    const auto offset = take_offset(date);
    const auto time = time_of(p);
    if (!fraction || !offset || !time || !date.at_end()) return std::nullopt;
    const Milliseconds whole = *time + *offset + *fraction;
    return can_be_written(whole) ? std::optional(whole) : std::nullopt;
}

std::string print_timestamp(std::int64_t unix_ms) {
    return iso_8601(Milliseconds(chrono::milliseconds(unix_ms)));
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
    const auto time = parse_iso_8601(text);
    if (!time || time->time_since_epoch().count() < 0) return std::nullopt;
    return time->time_since_epoch().count();
}

}  // namespace cloudshelf::s3
