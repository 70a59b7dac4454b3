#include "wire/dynamodb/number.hpp"

#include "base/random.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace cloudshelf::dynamodb {
namespace {

std::string canonical(std::string_view text) {
    const auto number = Number::parse(text);
    return number ? number->text() : number.error().message;
}

Number number(std::string_view text) {
    const auto read = Number::parse(text);
    EXPECT_TRUE(read) << text;
    return read.value_or(Number());
}

/// A number as plain digits around a fixed point, to calculate with as in school: slow, and without any cleverness.
class Naive {
public:
    static constexpr int after_point = 170;
    static constexpr int places = 320;

    explicit Naive(std::string_view plain) {  // "-12.5"
        if (plain.starts_with('-')) {
            sign_ = -1;
            plain.remove_prefix(1);
        }
        const auto point = std::min(plain.find('.'), plain.size());
        int place = after_point + static_cast<int>(point) - 1;
        for (const char c : plain) {
            if (c != '.') digits_.at(static_cast<std::size_t>(place--)) = c - '0';
        }
    }

    Naive plus(const Naive& other) const {
        Naive sum = *this;
        int carry = 0;
        for (std::size_t i = 0; i < digits_.size(); ++i) {
            const int digit = sign_ * digits_[i] + other.sign_ * other.digits_[i] + carry;
            sum.digits_[i] = ((digit % 10) + 10) % 10;
            carry = (digit - sum.digits_[i]) / 10;
        }
        sum.sign_ = 1;
        if (carry < 0) {  // the ten's complement of a negative result
            int borrow = 0;
            for (int& digit : sum.digits_) {
                const int value = -digit + borrow;
                digit = ((value % 10) + 10) % 10;
                borrow = (value - digit) / 10;
            }
            sum.sign_ = -1;
        }
        return sum;
    }

    std::string text() const {
        std::string all;
        for (int i = places - 1; i >= 0; --i) {
            if (i == after_point - 1) all += '.';
            all += static_cast<char>('0' + digits_[static_cast<std::size_t>(i)]);
        }
        all.erase(0, std::min(all.find_first_not_of('0'), all.find('.') - 1));
        while (all.back() == '0') all.pop_back();
        if (all.back() == '.') all.pop_back();
        return sign_ < 0 && all != "0" ? "-" + all : all;
    }

    int compare(const Naive& other) const {
        Naive negated = other;
        negated.sign_ = -other.sign_;
        const std::string difference = plus(negated).text();
        return difference == "0" ? 0 : difference.starts_with('-') ? -1 : 1;
    }

    int significant() const {
        std::string digits = text();
        std::erase_if(digits, [](char c) { return c == '-' || c == '.'; });
        digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
        while (digits.ends_with('0')) digits.pop_back();
        return static_cast<int>(digits.size());
    }

private:
    std::array<int, places> digits_{};
    int sign_ = 1;
};

/// Any number: often close to another one, with few or many digits, at any magnitude.
std::string random_text(Random& random) {
    const auto digits = 1 + random.below(random.below(3) == 0 ? 38 : 4);
    std::string text = random.below(2) == 0 ? "-" : "";
    text += static_cast<char>('1' + random.below(9));
    for (std::uint64_t i = 1; i < digits; ++i)
        text += static_cast<char>('0' + (random.below(3) == 0 ? 0 : random.below(10)));
    const auto size = static_cast<int>(digits);
    const int magnitude =
        random.below(2) == 0 ? static_cast<int>(random.below(9)) - 4 : static_cast<int>(random.below(250)) - 126;
    return fmt::format("{}e{}", text, magnitude - (size - 1));
}

// Goal: DynamoDB's canonical text and its errors. Method: a table.
TEST(Number, TextIsCanonical) {
    EXPECT_EQ(canonical("0"), "0");
    EXPECT_EQ(canonical("-0"), "0");
    EXPECT_EQ(canonical("0e999999999999"), "0");
    EXPECT_EQ(canonical("+007.500"), "7.5");
    EXPECT_EQ(canonical(".5"), "0.5");
    EXPECT_EQ(canonical("5."), "5");
    EXPECT_EQ(canonical("-1.20e2"), "-120");
    EXPECT_EQ(canonical("1E-3"), "0.001");
    EXPECT_EQ(canonical("123456789012345678901234567890"), "123456789012345678901234567890");
    EXPECT_EQ(canonical("9.9999999999999999999999999999999999999E+125").size(), 126U);
    EXPECT_EQ(canonical("1E-130"), "0." + std::string(129, '0') + "1");
    EXPECT_EQ(canonical("0000000000000000000000000000000000000000000000001"), "1");
    EXPECT_EQ(canonical("1" + std::string(60, '0') + "e-60"), "1");
    EXPECT_EQ(Number(INT64_MIN).text(), "-9223372036854775808");
}

TEST(Number, RefusesWhatIsNone) {
    for (const std::string text :
         {"a", "1a", "--1", "1e", "1e+", ".", "1.2.3", " 1", "1 ", "0x1", "NaN", "Infinity", "e5"}) {
        EXPECT_EQ(canonical(text), "The parameter cannot be converted to a numeric value: " + text);
    }
    EXPECT_EQ(canonical(""), "The parameter cannot be converted to a numeric value");
    const std::string large =
        "Number overflow. Attempting to store a number with magnitude larger than supported range";
    const std::string small =
        "Number underflow. Attempting to store a number with magnitude smaller than supported range";
    EXPECT_EQ(canonical("1e126"), large);
    EXPECT_EQ(canonical("-1e99999999999999999999"), large);
    EXPECT_EQ(canonical("1e-131"), small);
    EXPECT_EQ(
        canonical("123456789012345678901234567890123456789"),
        "Attempting to store more than 38 significant digits in a Number"
    );
    EXPECT_EQ(
        canonical("1.00000000000000000000000000000000000001"),
        "Attempting to store more than 38 significant digits in a Number"
    );
}

TEST(Number, AddsExactlyOrNotAtAll) {
    const auto sum = [](std::string_view a, std::string_view b) {
        const auto added = Number::add(number(a), number(b));
        return added ? added->text() : added.error().message;
    };
    const std::string precise = "Attempting to store more than 38 significant digits in a Number";
    EXPECT_EQ(sum("0.1", "0.2"), "0.3");
    EXPECT_EQ(sum("1e37", "1"), "10000000000000000000000000000000000001");
    EXPECT_EQ(sum("1e38", "1"), precise);
    EXPECT_EQ(sum("1e38", "-1"), "99999999999999999999999999999999999999");  // 39 digits in, 38 out
    EXPECT_EQ(sum("2e38", "-1"), precise);
    EXPECT_EQ(sum("1e125", "1e-130"), precise);
    EXPECT_EQ(
        sum("9e125", "1e125"),
        "Number overflow. Attempting to store a number with magnitude larger than supported range"
    );
    EXPECT_EQ(
        sum("1.1e-130", "-1e-130"),
        "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    );
    EXPECT_EQ(Number::subtract(number("5"), number("5"))->text(), "0");
}

// Goal: arithmetic, order and both encodings agree with sums made as in school. Method: random pairs.
TEST(Number, AgreesWithSchool) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (int round = 0; round < 4000; ++round) {
        const Number a = number(random_text(random));
        Number b = number(random_text(random));
        if (random.below(8) == 0) b = a;
        const Naive naive_a(a.text()), naive_b(b.text());
        SCOPED_TRACE(a.text() + " and " + b.text());
        ASSERT_EQ(naive_a.text(), a.text());

        const int expected = naive_a.compare(naive_b);
        const auto order = a <=> b;
        ASSERT_EQ(order < 0 ? -1 : order > 0 ? 1 : 0, expected);
        ASSERT_EQ(a == b, expected == 0);

        std::string ordered_a, ordered_b;
        a.append_ordered(ordered_a);
        b.append_ordered(ordered_b);
        ASSERT_LE(ordered_a.size(), 22U);
        const int by_bytes = ordered_a.compare(ordered_b);
        ASSERT_EQ(by_bytes < 0 ? -1 : by_bytes > 0 ? 1 : 0, expected);
        // Self-delimiting: what follows changes nothing.
        ASSERT_EQ((ordered_a + "\xff") < (ordered_b + std::string(1, '\0')) && expected != 0, expected < 0);

        std::string both = ordered_a + "rest";
        std::string_view rest = both;
        ASSERT_EQ(Number::take_ordered(rest), a);
        ASSERT_EQ(rest, "rest");

        std::string stored;
        a.append_stored(stored);
        ASSERT_LE(stored.size(), 18U);
        both = stored + "rest";
        rest = both;
        ASSERT_EQ(Number::take_stored(rest), a);
        ASSERT_EQ(rest, "rest");

        const Naive sum = naive_a.plus(naive_b);
        const auto added = Number::add(a, b);
        if (added) {
            ASSERT_EQ(added->text(), sum.text());
        } else if (added.error().message.starts_with("Attempting")) {
            ASSERT_GT(sum.significant(), 38);
        }
        ASSERT_EQ(canonical(a.text()), a.text());
    }
}

// Goal: bytes that no number makes are refused. Method: good ones, bent.
TEST(Number, BentBytesAreRefusedOrMeanWhatTheySay) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (int round = 0; round < 20'000; ++round) {
        const bool ordered = random.below(2) == 0;
        std::string bytes;
        const Number a = number(random_text(random));
        ordered ? a.append_ordered(bytes) : a.append_stored(bytes);
        bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        bytes.resize(bytes.size() - random.below(2));
        std::string_view rest = bytes;
        const auto read = ordered ? Number::take_ordered(rest) : Number::take_stored(rest);
        if (!read) continue;
        std::string again;
        ordered ? read->append_ordered(again) : read->append_stored(again);
        ASSERT_EQ(again, bytes.substr(0, bytes.size() - rest.size()));
    }
}

TEST(Number, WholeNumbers) {
    EXPECT_EQ(number("18446744073709551615").whole(), UINT64_MAX);
    EXPECT_EQ(number("18446744073709551616").whole(), std::nullopt);
    EXPECT_EQ(number("1e3").whole(), 1000U);
    EXPECT_EQ(number("1e125").whole(), std::nullopt);
    EXPECT_EQ(number("0.5").whole(), std::nullopt);
    EXPECT_EQ(number("-1").whole(), std::nullopt);
    EXPECT_EQ(Number().whole(), 0U);
}

}  // namespace
}  // namespace cloudshelf::dynamodb
