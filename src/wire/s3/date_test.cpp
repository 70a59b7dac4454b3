#include "wire/s3/date.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cloudshelf::s3 {
namespace {

using namespace std::chrono_literals;

constexpr Seconds example = std::chrono::sys_days(1994y / 11 / 6) + 8h + 49min + 37s;

// Goal: the three forms of RFC 9110 §5.6.7. Method: the RFC's examples.
TEST(Dates, OfHttp) {
    EXPECT_EQ(http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), example);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), example);
    EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994"), example + 240h);
    EXPECT_EQ(parse_http_date("Monday, 23-Nov-26 00:00:00 GMT"), Seconds(std::chrono::sys_days(2026y / 11 / 23)));
    EXPECT_EQ(parse_http_date("Fri, 30 Dec 2016 23:59:60 GMT"), Seconds(std::chrono::sys_days(2016y / 12 / 31)));
    for (const std::string_view bad :
         {"",
          "Sun",
          "Sun, 06 Nov 1994 08:49:37",
          "Sun, 6 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 06 Nov 1994 08:49:37 GMT ",
          "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 06 nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:00:00 GMT",
          "Xyz, 06 Nov 1994 08:49:37 GMT",
          "1994-11-06T08:49:37Z",
          "784111777",
          "Sun, 06-Nov-94 08:49:37 GMT",
          "Sun Nov 06 08:49:37 94",
          "Sun, 00 Nov 1994 08:49:37 GMT",
          "Fri, 31 Dec 9999 23:59:60 GMT"}) {
        EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
    }
}

TEST(Dates, OfXml) {
    const Milliseconds time = std::chrono::sys_days(2009y / 10 / 12) + 17h + 50min + 30s;
    EXPECT_EQ(iso_8601(time), "2009-10-12T17:50:30.000Z");
    EXPECT_EQ(iso_8601(time + 7ms), "2009-10-12T17:50:30.007Z");
    EXPECT_EQ(iso_8601(Milliseconds(-1ms)), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(parse_iso_8601("2009-10-12T17:50:30.000Z"), time);
    EXPECT_EQ(parse_iso_8601("2009-10-12T17:50:30Z"), time);
    EXPECT_EQ(parse_iso_8601("2009-10-12T17:50:30.5Z"), time + 500ms);
    EXPECT_EQ(parse_iso_8601("2009-10-12T17:50:30.123987654321Z"), time + 123ms);
    EXPECT_EQ(parse_iso_8601("2009-10-12T18:50:30+01:00"), time);
    EXPECT_EQ(parse_iso_8601("2009-10-12T12:20:30.000-05:30"), time);
    EXPECT_EQ(parse_iso_8601("20091012T175030Z"), time);
    EXPECT_EQ(parse_iso_8601("2009-10-12"), Milliseconds(std::chrono::sys_days(2009y / 10 / 12)));
    for (const std::string_view bad :
         {"",
          "2009",
          "2009-10",
          "2009-10-12T17:50:30",
          "2009-10-12T17:50Z",
          "2009-10-12 17:50:30Z",
          "2009-10-12T17:50:30.Z",
          "2009-02-29T00:00:00Z",
          "2009-10-12T25:00:00Z",
          "2009-10-12T17:50:30ZZ",
          "2009-10-12T17:50:30+0100",
          "2009-10-12T17:50:30+24:00",
          "2009-13-01",
          "20091012T1750Z",
          "-009-10-12",
          "0000-01-01T00:00:00+01:00",
          "9999-12-31T23:59:60Z",
          "99991231T235960Z",
          "2009-10-12T17:50:30+01:00x"}) {
        EXPECT_EQ(parse_iso_8601(bad), std::nullopt) << bad;
    }
}

TEST(Dates, OfDocuments) {
    EXPECT_EQ(print_timestamp(1255369830000), "2009-10-12T17:50:30.000Z");
    EXPECT_EQ(print_timestamp(7), "1970-01-01T00:00:00.007Z");
    EXPECT_EQ(parse_timestamp("2009-10-12T17:50:30.123456789Z"), 1255369830123);
    EXPECT_EQ(parse_timestamp("2024-02-29"), 1709164800000);
    EXPECT_EQ(parse_timestamp("2009-10-12T19:50:30.5+02:00"), 1255369830500);
    EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59.999Z"), 253402300799999);
    for (const std::string_view bad :
         {"",
          "2009-13-01",
          "2009-10-12T17:50:30",
          "2009-10-12T24:00:00Z",
          "2009-10-12T17:50:30+2",
          "1969-12-31T23:59:59Z",
          "1970-01-01T00:00:00+01:00",
          "9999-12-31T23:59:59-01:00"}) {
        EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
    }
}

// Goal: what is written is read as the same. Method: random times of five centuries.
TEST(Dates, ThereAndBack) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (int round = 0; round < 2000; ++round) {
        const Milliseconds time(std::chrono::milliseconds(static_cast<std::int64_t>(random.below(16'000'000'000'000))));
        EXPECT_EQ(parse_iso_8601(iso_8601(time)), time);
        const auto second = std::chrono::floor<std::chrono::seconds>(time);
        EXPECT_EQ(parse_http_date(http_date(second)), second);
    }
}

}  // namespace
}  // namespace cloudshelf::s3
