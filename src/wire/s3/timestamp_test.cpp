#include "wire/s3/timestamp.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::s3 {
namespace {

TEST(Timestamp, BothWays) {
    EXPECT_EQ(print_timestamp(1255369830000), "2009-10-12T17:50:30.000Z");
    EXPECT_EQ(print_timestamp(7), "1970-01-01T00:00:00.007Z");
    EXPECT_EQ(parse_timestamp("2009-10-12T17:50:30.000Z"), 1255369830000);
    EXPECT_EQ(parse_timestamp("2024-02-29"), 1709164800000);
    EXPECT_EQ(parse_timestamp("2009-10-12T17:50Z"), 1255369800000);
    EXPECT_EQ(parse_timestamp("2009-10-12T17:50:30"), 1255369830000);
    EXPECT_EQ(parse_timestamp("2009-10-12T17:50:30.123456789Z"), 1255369830123);
    EXPECT_EQ(parse_timestamp("2009-10-12T19:50:30.5+02:00"), 1255369830500);
    EXPECT_EQ(parse_timestamp("2009-10-12T12:20:30-0530"), 1255369830000);
    EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59.999Z"), 253402300799999);
}

TEST(Timestamp, Refused) {
    for (const char* text :
         {"",
          "2009",
          "2009-13-01",
          "2023-02-29",
          "2009-10-12T",
          "2009-10-12T24:00:00Z",
          "2009-10-12T17:60:00Z",
          "2009-10-12 17:50:30",
          "2009-10-12T17:50:30.Z",
          "2009-10-12T17:50:30ZZ",
          "2009-10-12T17:50:30+2",
          "1969-12-31T23:59:59Z",
          "1970-01-01T00:00:00+01:00",
          "9999-12-31T23:59:59-01:00"})
        EXPECT_FALSE(parse_timestamp(text)) << text;
}

}  // namespace
}  // namespace cloudshelf::s3
