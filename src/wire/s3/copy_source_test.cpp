#include "wire/s3/copy_source.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string source(std::string_view header) {
    const auto read = parse_copy_source(header);
    if (!read) return read.error().code + ": " + read.error().message;
    return read->bucket + "|" + read->key + (read->version_id ? "|" + *read->version_id : "");
}

TEST(CopySource, Forms) {
    EXPECT_EQ(source("/books/k"), "books|k");
    EXPECT_EQ(source("books/k"), "books|k");
    EXPECT_EQ(source("books/a/b"), "books|a/b");
    EXPECT_EQ(source("/books//a"), "books|/a");
    EXPECT_EQ(source("%2Fbooks%2Fa%2Fb"), "books|a/b");
    EXPECT_EQ(source("books/a+b%20c%3Fd"), "books|a+b c?d");
    EXPECT_EQ(source("books/%C3%A4?versionId=null"), "books|\xc3\xa4|null");
    EXPECT_EQ(source("books/k?versionId=a%2Bb"), "books|k|a+b");
    EXPECT_EQ(source("books/../x"), "books|../x");
}

TEST(CopySource, RefusesWhatIsNone) {
    for (const std::string_view header :
         {"",
          "/",
          "books",
          "/books",
          "/books/",
          "//k",
          "books/k?versionId=",
          "books/k?x=1",
          "books/k?",
          "books/k?versionId=1&x=2",
          "books/%zz",
          "books/k?versionId=%1",
          "No/k",
          "arn:aws:s3:::books/k"}) {
        EXPECT_TRUE(source(header).starts_with("InvalidArgument: ")) << header << " " << source(header);
    }
    EXPECT_TRUE(source("books/" + std::string(1025, 'k')).starts_with("KeyTooLongError"));
    EXPECT_TRUE(source("books/%FF").starts_with("InvalidURI"));
}

TEST(CopySource, ThereAndBack) {
    for (const CopySource& each : {
             CopySource{.bucket = "books", .key = "a/b"},
             CopySource{.bucket = "books", .key = "/ +?&%\xc3\xa4/../"},
             CopySource{.bucket = "books", .key = "k", .version_id = "a+/?b"},
         }) {
        EXPECT_EQ(parse_copy_source(copy_source_header(each)).value(), each);
    }
    EXPECT_EQ(copy_source_header({.bucket = "books", .key = "a b/c", .version_id = "1"}), "/books/a%20b/c?versionId=1");
}

TEST(CopySource, Directives) {
    EXPECT_EQ(metadata_directive(Pairs{}).value(), CopyDirective::copy);
    EXPECT_EQ(metadata_directive(Pairs{{"X-Amz-Metadata-Directive", "REPLACE"}}).value(), CopyDirective::replace);
    EXPECT_EQ(tagging_directive(Pairs{{"x-amz-tagging-directive", "COPY"}}).value(), CopyDirective::copy);
    EXPECT_EQ(
        tagging_directive(Pairs{{"x-amz-tagging-directive", "replace"}}).error().message, "Unknown tagging directive."
    );
}

}  // namespace
}  // namespace cloudshelf::s3
