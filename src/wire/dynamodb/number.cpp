#include "wire/dynamodb/number.hpp"

#include "wire/dynamodb/errors.hpp"

#include <algorithm>
#include <array>

namespace cloudshelf::dynamodb {
namespace {

constexpr int digits_max = 38;
constexpr int magnitude_min = -130;
constexpr int magnitude_max = 125;

constexpr auto powers = [] {
    std::array<Digits, digits_max + 1> powers_of_ten{};
    Digits power = 1;
    for (Digits& each : powers_of_ten) {
        each = power;
        power *= 10;
    }
    return powers_of_ten;
}();

int digits_of(Digits value) {  // 0 for 0
    return static_cast<int>(std::upper_bound(powers.begin(), powers.end(), value) - powers.begin());
}

Error no_number(std::string_view text) {
    if (text.empty()) return errors::validation("The parameter cannot be converted to a numeric value");
    return errors::validation("The parameter cannot be converted to a numeric value: " + std::string(text));
}
Error overflow() {
    return errors::validation("Number overflow. Attempting to store a number with magnitude larger than supported range"
    );
}
Error underflow() {
    return errors::validation(
        "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    );
}
Error too_precise() {
    return errors::validation("Attempting to store more than 38 significant digits in a Number");
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

Number::Number(std::int64_t value) {
    const bool below_zero = value < 0;
    const std::uint64_t absolute =
        below_zero ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    *this = *make(below_zero, absolute, 0);  // 19 digits always fit
}

Result<Number> Number::make(bool negative, Digits coefficient, int exponent) {
    Number number;
    if (coefficient == 0) return number;
    while (coefficient % 10 == 0) {
        coefficient /= 10;
        ++exponent;
    }
    const int digits = digits_of(coefficient);
    if (exponent + digits - 1 > magnitude_max) return fail(overflow());
    if (exponent + digits - 1 < magnitude_min) return fail(underflow());
    if (digits > digits_max) return fail(too_precise());
    number.high_ = static_cast<std::uint64_t>(coefficient >> 64);
    number.low_ = static_cast<std::uint64_t>(coefficient);
    number.exponent_ = static_cast<std::int16_t>(exponent);
    number.digits_ = static_cast<std::int8_t>(digits);
    number.negative_ = negative;
    return number;
}

Result<Number> Number::parse(std::string_view text) {
    std::size_t at = 0;
    const auto next_is = [&](char c) { return at < text.size() && text[at] == c; };
    const bool negative = next_is('-');
    if (negative || next_is('+')) ++at;

    // Zeros at the end count only if a digit follows them, so that any number of them may be written.
    Digits coefficient = 0;
    int digits = 0;         // in the coefficient
    long long pending = 0;  // zeros seen since
    long long after_point = 0;
    bool any = false, point = false, precise = true;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c)) break;
        any = true;
        if (point) ++after_point;
        if (c == '0') {
            if (digits > 0) ++pending;
            continue;
        }
        if (digits + pending + 1 > digits_max) {
            precise = false;  // but it may be out of range too, which is said first
            pending += 1;
            continue;
        }
        coefficient = coefficient * powers[static_cast<std::size_t>(pending + 1)] + static_cast<Digits>(c - '0');
        digits += static_cast<int>(pending) + 1;
        pending = 0;
    }
    if (!any) return fail(no_number(text));

    long long exponent = 0;
    if (next_is('e') || next_is('E')) {
        ++at;
        const bool down = next_is('-');
        if (down || next_is('+')) ++at;
        if (at == text.size()) return fail(no_number(text));
        for (; at < text.size() && is_digit(text[at]); ++at)
            exponent = std::min(exponent * 10 + (text[at] - '0'), 1'000'000'000LL);
        if (down) exponent = -exponent;
    }
    if (at != text.size()) return fail(no_number(text));
    if (coefficient == 0) return Number();

    exponent += pending - after_point;
    const long long magnitude = exponent + digits - 1;
    if (magnitude > magnitude_max) return fail(overflow());
    if (magnitude < magnitude_min) return fail(underflow());
    if (!precise) return fail(too_precise());
    return make(negative, coefficient, static_cast<int>(exponent));
}

void Number::append_text(std::string& to) const {
    if (digits_ == 0) {
        to += '0';
        return;
    }
    if (negative_) to += '-';
    std::array<char, digits_max> buffer;
    Digits rest = coefficient();
    for (int i = digits_; i-- > 0; rest /= 10)
        buffer[static_cast<std::size_t>(i)] = static_cast<char>('0' + static_cast<int>(rest % 10));
    const std::string_view all(buffer.data(), static_cast<std::size_t>(digits_));

    const int before_point = digits_ + exponent_;
    if (exponent_ >= 0) {
        to.append(all).append(static_cast<std::size_t>(exponent_), '0');
    } else if (before_point > 0) {
        const auto split = static_cast<std::size_t>(before_point);
        to.append(all.substr(0, split)).append(1, '.').append(all.substr(split));
    } else {
        to.append("0.").append(static_cast<std::size_t>(-before_point), '0').append(all);
    }
}

std::string Number::text() const {
    std::string result;
    append_text(result);
    return result;
}

std::optional<std::uint64_t> Number::whole() const {
    if (digits_ == 0) return 0;
    if (negative_ || exponent_ < 0 || digits_ + exponent_ > 20) return std::nullopt;
    const Digits value = coefficient() * powers[static_cast<std::size_t>(exponent_)];
    if (value >> 64 != 0) return std::nullopt;
    return static_cast<std::uint64_t>(value);
}

std::strong_ordering Number::operator<=>(const Number& other) const {
    const auto sign = [](const Number& number) { return number.digits_ == 0 ? 0 : number.negative_ ? -1 : 1; };
    if (const auto order = sign(*this) <=> sign(other); order != 0 || digits_ == 0) return order;
    auto order = magnitude() <=> other.magnitude();
    if (order == 0) {  // the first digits stand at the same place: fill up with zeros and compare
        order = coefficient() * powers[static_cast<std::size_t>(digits_max - digits_)] <=>
                other.coefficient() * powers[static_cast<std::size_t>(digits_max - other.digits_)];
    }
    return negative_ ? 0 <=> order : order;
}

Result<Number> Number::add(const Number& left, const Number& right) {
    if (left.digits_ == 0) return right;
    if (right.digits_ == 0) return left;
    const Number& high = left.exponent_ >= right.exponent_ ? left : right;
    const Number& low = left.exponent_ >= right.exponent_ ? right : left;

    // Both in units of the lower exponent. The last digit of the result is then that of `low`, and not zero; so a
    // result of 39 digits or more cannot be stored. With `high` at 2·10^38 or above it has that many, whatever `low`
    // is.
    const int shift = high.exponent_ - low.exponent_;
    if (shift > digits_max ||
        high.coefficient() >= (2 * powers[digits_max] - 1) / powers[static_cast<std::size_t>(shift)] + 1) {
        return fail(too_precise());
    }
    const Digits a = high.coefficient() * powers[static_cast<std::size_t>(shift)];
    const Digits b = low.coefficient();
    if (high.negative_ == low.negative_) return make(high.negative_, a + b, low.exponent_);
    return a >= b ? make(high.negative_, a - b, low.exponent_) : make(low.negative_, b - a, low.exponent_);
}

Result<Number> Number::subtract(const Number& left, const Number& right) {
    Number negated = right;
    if (negated.digits_ != 0) negated.negative_ = !negated.negative_;
    return add(left, negated);
}

// Sign (1 below zero, 2 zero, 3 above), magnitude + 130, two digits a byte (1 to 100, the first digit leading), 0 at
// the end. Of negative numbers all but the sign is complemented.
void Number::append_ordered(std::string& to) const {
    if (digits_ == 0) {
        to += '\2';
        return;
    }
    const auto start = to.size() + 1;
    to += negative_ ? '\1' : '\3';
    to += static_cast<char>(magnitude() - magnitude_min);
    const int bytes = (digits_ + 1) / 2;
    to.resize(to.size() + static_cast<std::size_t>(bytes));
    Digits rest = digits_ % 2 == 1 ? coefficient() * 10 : coefficient();
    for (auto at = to.rbegin(); rest != 0; ++at, rest /= 100) *at = static_cast<char>(rest % 100 + 1);
    to += '\0';
    if (negative_) {
        for (auto at = start; at < to.size(); ++at) to[at] = static_cast<char>(~to[at]);
    }
}

std::optional<Number> Number::of_parts(bool negative, Digits coefficient, int magnitude) {
    if (coefficient == 0 || coefficient >= powers[digits_max] || coefficient % 10 == 0) return std::nullopt;
    auto made = make(negative, coefficient, magnitude - digits_of(coefficient) + 1);
    if (!made) return std::nullopt;
    return *made;
}

std::optional<Number> Number::take_ordered(std::string_view& bytes) {
    if (bytes.empty()) return std::nullopt;
    if (bytes[0] == '\2') {
        bytes.remove_prefix(1);
        return Number();
    }
    const bool negative = bytes[0] == '\1';
    if (!negative && bytes[0] != '\3') return std::nullopt;
    const unsigned flip = negative ? 0xff : 0;
    const auto byte = [&](std::size_t at) { return (static_cast<unsigned char>(bytes[at])) ^ flip; };
    Digits coefficient = 0;
    std::size_t at = 2;
    for (; at < bytes.size() && byte(at) != 0; ++at) {
        if (byte(at) > 100 || at > 20) return std::nullopt;
        coefficient = coefficient * 100 + (byte(at) - 1);
    }
    if (at >= bytes.size() || at == 2) return std::nullopt;
    if (byte(2) < 11) return std::nullopt;  // the first digit is never zero
    if (coefficient % 10 == 0) coefficient /= 10;
    const auto number = of_parts(negative, coefficient, static_cast<int>(byte(1)) + magnitude_min);
    if (number) bytes.remove_prefix(at + 1);
    return number;
}

// Sign in the highest bit, with how many bytes the coefficient has; magnitude + 130; the coefficient, lowest byte
// first.
void Number::append_stored(std::string& to) const {
    if (digits_ == 0) {
        to += '\0';
        return;
    }
    const auto start = to.size();
    to.append(2, '\0');
    int bytes = 0;
    for (Digits rest = coefficient(); rest != 0; rest >>= 8, ++bytes) to += static_cast<char>(rest & 0xff);
    to[start] = static_cast<char>(bytes | (negative_ ? 0x80 : 0));
    to[start + 1] = static_cast<char>(magnitude() - magnitude_min);
}

std::optional<Number> Number::take_stored(std::string_view& bytes) {
    if (bytes.empty()) return std::nullopt;
    const auto header = static_cast<unsigned char>(bytes[0]);
    if (header == 0) {
        bytes.remove_prefix(1);
        return Number();
    }
    const std::size_t count = header & 0x7f;
    if (count == 0 || count > 16 || bytes.size() < count + 2 || bytes[count + 1] == '\0') return std::nullopt;
    Digits coefficient = 0;
    for (std::size_t i = count; i-- > 0;) coefficient = coefficient << 8 | static_cast<unsigned char>(bytes[2 + i]);
    const auto number = of_parts(
        (header & 0x80) != 0, coefficient, static_cast<int>(static_cast<unsigned char>(bytes[1])) + magnitude_min
    );
    if (number) bytes.remove_prefix(count + 2);
    return number;
}

}  // namespace cloudshelf::dynamodb
