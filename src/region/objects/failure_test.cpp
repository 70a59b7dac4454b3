// Goal: reports of failures are read as they were written, and nothing else is taken for one.
#include "region/objects/failure.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::objects {
namespace {

TEST(Failure, ReportsAreReadAsTheyWereWritten) {
    const FailureReport report{
        .source = RegionName("us-east-1"),
        .key = std::string("a\0b", 3),
        .stamp = {.wall_ms = 1'790'000'000'000, .counter = 7, .site = 3},
        .position = 41,
        .destination = "books-west",
        .code = "DstBucketNotFound"
    };
    const auto bytes = encode_failure_report(report);
    const auto read = decode_failure_report(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, report);
    for (std::size_t kept = 0; kept < bytes.size(); ++kept) EXPECT_FALSE(decode_failure_report(bytes.substr(0, kept)));
    EXPECT_FALSE(decode_failure_report(bytes + "x"));
}

TEST(Failure, AVersionsPlaceIsFoundInItsFailures) {
    const Failure failure{.region = RegionName("us-west-2"), .destination = "books/west", .code = "x"};
    EXPECT_EQ(version_of_failure("placeus-west-2/books/west", failure), "place");
}

}  // namespace
}  // namespace cloudshelf::objects
