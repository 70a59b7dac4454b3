#include "wire/s3/headers.hpp"

#include "base/base64.hpp"

#include <gtest/gtest.h>

#include <gmock/gmock.h>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Pair;
using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string code(const Pairs& headers) {
    const auto read = stored_headers(headers);
    return read ? "good" : read.error().code;
}

TEST(Headers, WhatIsStored) {
    EXPECT_EQ(stored_headers(Pairs{{"Host", "x"}, {"Content-Type", ""}}).value(), StoredHeaders{});
    EXPECT_EQ(StoredHeaders{}.content_type, "binary/octet-stream");
    const auto stored = stored_headers(Pairs{
        {"CONTENT-TYPE", "text/html"},
        {"Cache-Control", "no-cache"},
        {"content-disposition", "attachment"},
        {"Content-Encoding", "aws-chunked, gzip"},
        {"Content-Language", "de"},
        {"Expires", "0"},
        {"x-amz-website-redirect-location", "/other"},
        {"X-Amz-Meta-Shelf", " A 7 "},
        {"Authorization", "secret"},
    });
    ASSERT_TRUE(stored);
    EXPECT_THAT(
        answer_headers(*stored),
        ElementsAre(
            Pair("Content-Type", "text/html"),
            Pair("Cache-Control", "no-cache"),
            Pair("Content-Disposition", "attachment"),
            Pair("Content-Encoding", "gzip"),
            Pair("Content-Language", "de"),
            Pair("Expires", "0"),
            Pair("x-amz-website-redirect-location", "/other"),
            Pair("x-amz-meta-shelf", "A 7")
        )
    );
    const auto encoding = [](const std::string& value) {
        return stored_headers(Pairs{{"Content-Encoding", value}}).value().content_encoding;
    };
    EXPECT_EQ(encoding("aws-chunked"), "");
    EXPECT_EQ(encoding("AWS-Chunked,"), "");
    EXPECT_EQ(encoding("gzip , aws-chunked, br"), "gzip,br");
}

TEST(Headers, RefusesWhatCannotBeStored) {
    EXPECT_EQ(code({{"x-amz-website-redirect-location", "ftp://x"}}), "InvalidRedirectLocation");
    EXPECT_EQ(code({{"x-amz-website-redirect-location", "/" + std::string(2047, 'x')}}), "good");
    EXPECT_EQ(code({{"x-amz-website-redirect-location", "/" + std::string(2048, 'x')}}), "InvalidRedirectLocation");
    EXPECT_EQ(code({{"Content-Type", "a\r\nb"}}), "InvalidArgument");
    EXPECT_EQ(code({{"x-amz-meta-", "x"}}), "InvalidArgument");
    EXPECT_EQ(code({{"x-amz-meta-a\r\nSet-Cookie", "x"}}), "InvalidArgument");
    EXPECT_EQ(code({{"x-amz-meta-abc", std::string(2045, 'x')}}), "good");
    EXPECT_EQ(code({{"x-amz-meta-abc", std::string(2046, 'x')}}), "MetadataTooLarge");
    EXPECT_EQ(
        code({{"x-amz-meta-a", std::string(1024, 'x')}, {"x-amz-meta-b", std::string(1024, 'x')}}), "MetadataTooLarge"
    );
}

TEST(Headers, MetadataGoesBack) {
    const auto metadata =
        user_metadata(Pairs{{"X-Amz-Meta-Name", "a"}, {"x-amz-meta-other", "b"}, {"x-amz-meta-NAME", "c"}});
    EXPECT_THAT(metadata.value(), ElementsAre(Pair("name", "a,c"), Pair("other", "b")));
    const auto headers = metadata_headers({{"plain", "a b"}, {"book", "\xc3\xa4"}, {"bad", "\xff"}, {"bell", "\a"}});
    EXPECT_THAT(
        headers,
        ElementsAre(
            Pair("x-amz-meta-plain", "a b"),
            Pair("x-amz-meta-book", "=?UTF-8?B?w6Q=?="),
            Pair("x-amz-missing-meta", "2")
        )
    );
}

// Goal: no encoded word is too long or ends within a character, and together they are the text (RFC 2047 §2, §5).
TEST(Headers, LongMetadataIsSeveralWords) {
    for (std::size_t shift = 0; shift < 4; ++shift) {
        std::string text(shift, 'x');
        for (int i = 0; i < 50; ++i) text += i % 2 == 0 ? "\xf0\x9f\x93\x9a" : "\xc3\xa4";
        std::string decoded;
        std::string rest = encoded_words(text) + " ";
        while (!rest.empty()) {
            const std::string word = rest.substr(0, rest.find(' '));
            rest.erase(0, word.size() + 1);
            EXPECT_LE(word.size(), 75U);
            ASSERT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
            const auto bytes = from_base64(word.substr(10, word.size() - 12));
            ASSERT_TRUE(bytes && !bytes->empty());
            EXPECT_NE(static_cast<unsigned char>(bytes->front()) & 0xc0, 0x80) << word;
            decoded += *bytes;
        }
        EXPECT_EQ(decoded, text);
    }
}

TEST(Headers, Overrides) {
    const auto query = QueryParameters::parse(
        "response-content-type=text%2Fplain&response-expires=&response-cache-control=no-store&response-x=y"
    );
    const auto overrides = response_overrides(*query);
    ASSERT_TRUE(overrides);
    Pairs answer{{"content-type", "text/html"}, {"ETag", "\"x\""}};
    override_headers(answer, *overrides);
    EXPECT_THAT(
        answer,
        ElementsAre(Pair("ETag", "\"x\""), Pair("Content-Type", "text/plain"), Pair("Cache-Control", "no-store"))
    );
    const auto split = QueryParameters::parse("response-content-type=a%0D%0ASet-Cookie:x");
    EXPECT_EQ(response_overrides(*split).error().code, "InvalidArgument");
}

TEST(Headers, StorageClassesAndAcls) {
    EXPECT_EQ(storage_class(Pairs{}).value(), "STANDARD");
    EXPECT_EQ(storage_class(Pairs{{"x-amz-storage-class", "GLACIER_IR"}}).value(), "GLACIER_IR");
    for (const char* name : {"", "standard", "OUTPOSTS", "COLD"}) {
        EXPECT_EQ(storage_class(Pairs{{"x-amz-storage-class", name}}).error().code, "InvalidStorageClass") << name;
    }
    EXPECT_EQ(canned_acl(Pairs{}).value(), "");
    EXPECT_EQ(canned_acl(Pairs{{"x-amz-acl", "public-read"}}).value(), "public-read");
    EXPECT_EQ(canned_acl(Pairs{{"x-amz-acl", "public"}}).error().code, "InvalidArgument");
    EXPECT_EQ(canned_acl(Pairs{{"x-amz-acl", "private"}, {"X-Amz-Grant-Read", "id=1"}}).error().code, "InvalidRequest");
}

}  // namespace
}  // namespace cloudshelf::s3
