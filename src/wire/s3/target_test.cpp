#include "wire/s3/target.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace cloudshelf::s3 {
namespace {

const std::array<std::string, 3> domains{"s3.cloudshelf.com", "s3.us-east-1.amazonaws.com", "cloudshelf.com"};

/// "bucket|key", with a "v" in front where the host named the bucket; or the error's code.
std::string target(std::string_view host, std::string_view of) {
    const auto read = parse_target(host, of, domains);
    if (!read) return read.error().code;
    return (read->style == TargetStyle::virtual_host ? "v " : "") + read->bucket + "|" + read->key;
}

TEST(Target, InThePath) {
    EXPECT_EQ(target("s3.cloudshelf.com", "/"), "|");
    EXPECT_EQ(target("s3.cloudshelf.com:9000", "/?x-id=ListBuckets"), "|");
    EXPECT_EQ(target("s3.cloudshelf.com", "/b"), "b|");
    EXPECT_EQ(target("s3.cloudshelf.com", "/b/"), "b|");
    EXPECT_EQ(target("s3.cloudshelf.com", "/b?acl"), "b|");
    EXPECT_EQ(target("127.0.0.1:9000", "/b/k/l"), "b|k/l");
    EXPECT_EQ(target("[::1]:9000", "/b/k"), "b|k");
    EXPECT_EQ(target("", "/b/k"), "b|k");
    EXPECT_EQ(target("elsewhere.org", "/b/k"), "b|k");
}

TEST(Target, InTheHost) {
    EXPECT_EQ(target("b.s3.cloudshelf.com", "/k"), "v b|k");
    EXPECT_EQ(target("B.S3.CloudShelf.com.:443", "/K"), "v b|K");
    EXPECT_EQ(target("b.s3.us-east-1.amazonaws.com", "/k/l?versionId=1"), "v b|k/l");
    EXPECT_EQ(target("my.b.s3.cloudshelf.com", "/"), "v my.b|");
    EXPECT_EQ(target("b.cloudshelf.com", "/k"), "v b|k");
    EXPECT_EQ(target("xs3.cloudshelf.com", "/k"), "v xs3|k");  // a bucket under the shorter domain
    EXPECT_EQ(target("xcloudshelf.com", "/b/k"), "b|k");
    EXPECT_EQ(target("b.s3.cloudshelf.com", "//k"), "v b|/k");
}

TEST(Target, KeysAreNotTouched) {
    EXPECT_EQ(target("", "/b/a+b%20c%2Fd"), "b|a+b c/d");
    EXPECT_EQ(target("", "/b/../../etc/passwd"), "b|../../etc/passwd");
    EXPECT_EQ(target("", "/b//a//"), "b|/a//");
    EXPECT_EQ(target("", "/b/%2e%2E/."), "b|../.");
    EXPECT_EQ(target("", "/b/%C3%A4%3F%23"), "b|\xc3\xa4?#");
    EXPECT_EQ(target("", "/b%2Fc/k"), "b/c|k");  // no bucket may be named so
}

TEST(Target, RefusesWhatIsNone) {
    for (const std::string_view of :
         {"", "*", "b/k", "/b/%", "/b/%2", "/b/%zz", "/%G0/k", "/b?a=%1", "/b?%=1", "/b c", "/b\r\n", "ftp://h/b"}) {
        EXPECT_EQ(target("", of), "InvalidURI") << of;
    }
    EXPECT_EQ(target("", "//k"), "InvalidBucketName");
    EXPECT_EQ(target("", "//"), "InvalidBucketName");
}

TEST(Target, OfAbsoluteForm) {
    EXPECT_EQ(target("ignored", "http://b.s3.cloudshelf.com:80/k"), "v b|k");
    EXPECT_EQ(target("b.s3.cloudshelf.com", "HTTPS://127.0.0.1/b/k"), "b|k");
    EXPECT_EQ(target("", "http://s3.cloudshelf.com"), "|");
    EXPECT_EQ(target("", "http://b.s3.cloudshelf.com?acl"), "InvalidURI");
}

TEST(Target, Parameters) {
    const auto read = parse_target("", "/b?uploads&prefix=a+b%2Bc&&max-keys=10&prefix=z&empty=&=x&a=b=c", domains);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->query.has("uploads"));
    EXPECT_FALSE(read->query.has("Uploads"));
    EXPECT_EQ(read->query.get("prefix"), "a b+c");
    EXPECT_EQ(read->query.get("empty"), "");
    EXPECT_EQ(read->query.get("a"), "b=c");
    EXPECT_EQ(read->query.get("absent"), std::nullopt);
    ASSERT_EQ(read->query.all().size(), 7U);
    EXPECT_EQ(read->query.all()[3].second, "z");
    EXPECT_EQ(read->query.all()[5].first, "");
}

}  // namespace
}  // namespace cloudshelf::s3
