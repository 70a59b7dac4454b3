#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::dynamodb {

__extension__ using Digits = unsigned __int128;  // up to 38 decimal digits, and twice that value

/// DynamoDB's number: exact, decimal, up to 38 significant digits, zero or of magnitude 1E-130 to 9.99…E+125.
/// Kept without trailing zeros, so that equal numbers have equal members.
class Number {
public:
    Number() = default;  // zero
    explicit Number(std::int64_t value);

    /// Decimal text with optional sign, point and exponent; blanks around it are refused. Errors: ValidationException
    /// with DynamoDB's texts for what is no number, too large, too small, or of more than 38 digits.
    static Result<Number> parse(std::string_view text);

    /// Plain decimal notation without needless zeros and without an exponent: "-0.5", "1000".
    std::string text() const;
    void append_text(std::string& to) const;

    /// Exact, or an error: ValidationException where the result has more digits or magnitude than a number may.
    static Result<Number> add(const Number& left, const Number& right);
    static Result<Number> subtract(const Number& left, const Number& right);

    std::strong_ordering operator<=>(const Number& other) const;
    bool operator==(const Number& other) const = default;

    /// How many decimal digits are significant; 0 for zero.
    int digits() const { return digits_; }
    bool negative() const { return negative_; }
    /// Whether it is a whole number from 0 to 2^64 - 1, and which.
    std::optional<std::uint64_t> whole() const;

    /// Self-delimiting bytes, at most 22, whose memcmp order is the order of the numbers.
    void append_ordered(std::string& to) const;
    /// Takes one number off the front of `bytes`; nothing where they are not what `append_ordered` makes.
    static std::optional<Number> take_ordered(std::string_view& bytes);

    /// Self-delimiting bytes for storage, at most 18, quick to read.
    void append_stored(std::string& to) const;
    static std::optional<Number> take_stored(std::string_view& bytes);

private:
    static Result<Number> make(bool negative, Digits coefficient, int exponent);
    static std::optional<Number> of_parts(bool negative, Digits coefficient, int magnitude);
    Digits coefficient() const { return static_cast<Digits>(high_) << 64 | low_; }
    int magnitude() const { return exponent_ + digits_ - 1; }  // of the first digit, as a power of ten

    // The value is coefficient × 10^exponent. Two words rather than one of 16 bytes, to be aligned like a std::string.
    std::uint64_t high_ = 0;
    std::uint64_t low_ = 0;
    std::int16_t exponent_ = 0;
    std::int8_t digits_ = 0;
    bool negative_ = false;
};

}  // namespace cloudshelf::dynamodb
