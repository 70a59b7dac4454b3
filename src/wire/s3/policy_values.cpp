#include "wire/s3/policy_values.hpp"

#include "wire/s3/date.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace cloudshelf::s3 {
namespace {

template <class Number>
std::optional<Number> whole(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::optional<double> policy_number(std::string_view text) {
    const auto number = whole<double>(text);
    if (!number || !std::isfinite(*number)) return std::nullopt;
    return number;
}

std::optional<std::int64_t> policy_date_ms(std::string_view text) {
    constexpr std::int64_t seconds_max = 253'402'300'799;  // the year 9999
    if (const auto time_ms = parse_timestamp(text)) return time_ms;
    const auto seconds = whole<std::int64_t>(text);
    if (!seconds || *seconds < 0 || *seconds > seconds_max) return std::nullopt;
    return *seconds * 1000;
}

std::optional<bool> policy_bool(std::string_view text) {
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    return std::nullopt;
}

}  // namespace cloudshelf::s3
