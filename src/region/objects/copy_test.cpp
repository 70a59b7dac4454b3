// Goal: copies are what S3 says they are, share their source's bytes where they may, and are never more than the
// caller may read. Method: a region in this process.
#include "base/base64.hpp"
#include "region/contents/key_file.hpp"
#include "region/objects/service_test.hpp"
#include "wire/s3/checksum.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::objects {
namespace {

io::Headers from(std::string source, io::Headers more = {}) {
    more.emplace_back("x-amz-copy-source", std::move(source));
    return more;
}

REGION_TEST(Copies, ShareTheirSourcesBytes) {
    const io::Headers headers{{"Content-Type", "text/plain"}, {"x-amz-meta-colour", "red"}, {"x-amz-tagging", "a=b"}};
    const auto put = co_await region.put("/books/a%20b", "hello", headers);
    const auto copy = co_await region.put("/books/copy", "", from("/books/a%20b"));
    EXPECT_EQ(outcome_of(copy), "200") << copy.body;
    EXPECT_EQ(text_of(copy, "ETag"), put.header("ETag"));
    EXPECT_EQ(region.contents(), 1u);
    const auto removed = co_await region.remove("/books/a%20b");
    EXPECT_EQ(removed.status, 204);
    const auto got = co_await region.get("/books/copy");
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.header("Content-Type"), "text/plain");
    EXPECT_EQ(got.header("x-amz-meta-colour"), "red");
    EXPECT_EQ(got.header("x-amz-tagging-count"), "1");
    const auto last = co_await region.remove("/books/copy");
    EXPECT_EQ(last.status, 204);
    const auto none = co_await region.come_to(0);
    EXPECT_TRUE(none);
}

REGION_TEST(Copies, MayHaveOtherMetadataAndTags) {
    const auto put = co_await region.put("/books/k", "hello", {{"x-amz-meta-colour", "red"}, {"x-amz-tagging", "a=b"}});
    EXPECT_EQ(put.status, 200);
    const io::Headers other{
        {"x-amz-metadata-directive", "REPLACE"},
        {"x-amz-tagging-directive", "REPLACE"},
        {"x-amz-meta-size", "big"},
        {"Content-Type", "text/html"},
    };
    const auto copy = co_await region.put("/books/k", "", from("books/k", other));  // onto itself
    EXPECT_EQ(outcome_of(copy), "200") << copy.body;
    const auto got = co_await region.get("/books/k");
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.header("x-amz-meta-colour"), "");
    EXPECT_EQ(got.header("x-amz-meta-size"), "big");
    EXPECT_EQ(got.header("Content-Type"), "text/html");
    EXPECT_EQ(got.header("x-amz-tagging-count"), "");
    const auto unchanged = co_await region.put("/books/k", "", from("books/k"));
    EXPECT_EQ(outcome_of(unchanged), "400 InvalidRequest");
    const auto class_too =
        co_await region.put("/books/k", "", from("books/k", {{"x-amz-storage-class", "STANDARD_IA"}}));
    EXPECT_EQ(outcome_of(class_too), "200");
    const auto bogus = co_await region.put("/books/x", "", from("books/k", {{"x-amz-metadata-directive", "MOVE"}}));
    EXPECT_EQ(outcome_of(bogus), "400 InvalidArgument");
}

REGION_TEST(Copies, HoldOnlyUnderTheSourcesConditions) {
    const auto put = co_await region.put("/books/k", "hello");
    const std::string etag(put.header("ETag"));
    struct Case {
        std::string name;
        std::string value;
        std::string expected;
    };
    const std::vector<Case> cases{
        {"if-match", etag, "200"},
        {"if-match", "\"x\"", "412 PreconditionFailed"},
        {"if-none-match", etag, "412 PreconditionFailed"},
        {"if-none-match", "\"x\"", "200"},
        {"if-modified-since", "Mon, 21 Sep 2026 14:13:20 GMT", "412 PreconditionFailed"},
        {"if-unmodified-since", "Mon, 21 Sep 2026 14:13:20 GMT", "200"},
    };
    for (const auto& each : cases) {
        const auto copy =
            co_await region.put("/books/copy", "", from("books/k", {{"x-amz-copy-source-" + each.name, each.value}}));
        EXPECT_EQ(outcome_of(copy), each.expected) << each.name << each.value;
    }
    const auto exists = co_await region.put("/books/copy", "", from("books/k", {{"If-None-Match", "*"}}));
    EXPECT_EQ(outcome_of(exists), "412 PreconditionFailed");
}

REGION_TEST(Copies, OfWhatIsNotThereOrNotTheCallersAreRefused) {
    const auto put = co_await region.put("/books/k", "hello");
    EXPECT_EQ(put.status, 200);
    const Ask ask_made{.method = "PUT", .target = "/theirs", .by = Who::stranger};
    const auto made = co_await region.ask(ask_made);
    EXPECT_EQ(made.status, 200);
    const auto no_key = co_await region.put("/books/x", "", from("books/none"));
    EXPECT_EQ(outcome_of(no_key), "404 NoSuchKey");
    const auto no_bucket = co_await region.put("/books/x", "", from("nobody/k"));
    EXPECT_EQ(outcome_of(no_bucket), "404 NoSuchBucket");
    const auto no_version = co_await region.put("/books/x", "", from("books/k?versionId=bogus"));
    EXPECT_EQ(outcome_of(no_version), "400 InvalidArgument");
    const Ask ask_not_theirs{.method = "PUT", .target = "/theirs/x", .headers = from("books/k"), .by = Who::stranger};
    const auto not_theirs = co_await region.ask(ask_not_theirs);
    EXPECT_EQ(outcome_of(not_theirs), "403 AccessDenied");
    const auto not_mine = co_await region.put("/theirs/x", "", from("books/k"));
    EXPECT_EQ(outcome_of(not_mine), "403 AccessDenied");
    const Ask ask_by_reader{.method = "PUT", .target = "/books/x", .headers = from("books/k"), .by = Who::reader};
    const auto by_reader = co_await region.ask(ask_by_reader);
    EXPECT_EQ(outcome_of(by_reader), "403 AccessDenied");
}

REGION_TEST(Copies, BringAnOldVersionBack) {
    co_await region.set_versioning("books", Versioning::enabled);
    const auto first = co_await region.put("/books/k", "one");
    const std::string id(first.header("x-amz-version-id"));
    const auto second = co_await region.put("/books/k", "two");
    EXPECT_EQ(second.status, 200);
    const auto copy = co_await region.put("/books/k", "", from("books/k?versionId=" + id));
    EXPECT_EQ(outcome_of(copy), "200") << copy.body;
    EXPECT_EQ(copy.header("x-amz-copy-source-version-id"), id);
    EXPECT_NE(copy.header("x-amz-version-id"), id);
    const auto got = co_await region.get("/books/k");
    EXPECT_EQ(got.body, "one");
    const auto removed = co_await region.remove("/books/k");
    const auto marker = co_await region.put(
        "/books/x", "", from("books/k?versionId=" + std::string(removed.header("x-amz-version-id")))
    );
    EXPECT_EQ(outcome_of(marker), "400 InvalidRequest");
}

// Two keys of encryption at rest: the copy's bytes are its own.
ASYNC_TEST(Copies, UnderAnotherKeyAreEncryptedAnew) {
    Region region(co_await boost::asio::this_coro::executor);
    const auto keys = contents::KeyFile::create(region.folder / "keys", {"default", "books-key"});
    REQUIRE(keys);
    const auto started = co_await region.start();
    REQUIRE(started);
    const auto made = co_await region.put("/books");
    const std::string whole((3 << 20) + 7, 'x');
    const auto put = co_await region.put("/books/k", whole);
    EXPECT_EQ(made.status + put.status, 400);
    const io::Headers kms{
        {"x-amz-server-side-encryption", "aws:kms"}, {"x-amz-server-side-encryption-aws-kms-key-id", "books-key"}
    };
    const auto copy = co_await region.put("/books/k2", "", from("books/k", kms));
    EXPECT_EQ(outcome_of(copy), "200") << copy.body;
    EXPECT_EQ(text_of(copy, "ETag"), put.header("ETag"));
    EXPECT_EQ(region.contents(), 2u);
    const auto got = co_await region.get("/books/k2");
    EXPECT_TRUE(got.body == whole);
    EXPECT_EQ(got.header("x-amz-server-side-encryption-aws-kms-key-id"), "books-key");
    const io::Headers unknown{
        {"x-amz-server-side-encryption", "aws:kms"}, {"x-amz-server-side-encryption-aws-kms-key-id", "nobodys"}
    };
    const auto refused = co_await region.put("/books/k3", "", from("books/k", unknown));
    EXPECT_EQ(outcome_of(refused), "400 KMS.NotFoundException");
    co_await region.stop();
}

REGION_TEST(Copies, GetTheChecksumThatIsAskedFor) {
    const auto put = co_await region.put("/books/k", "hello");
    EXPECT_EQ(put.status, 200);
    const auto kept = co_await region.put("/books/kept", "", from("books/k"));
    EXPECT_EQ(text_of(kept, "ChecksumCRC64NVME"), put.header("x-amz-checksum-crc64nvme"));
    const std::string sha = base64(s3::Digest::of(s3::ChecksumAlgorithm::sha256, "hello"));
    const auto other =
        co_await region.put("/books/other", "", from("books/k", {{"x-amz-checksum-algorithm", "SHA256"}}));
    EXPECT_EQ(text_of(other, "ChecksumSHA256"), sha);
    const auto head = co_await region.head("/books/other", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(head.header("x-amz-checksum-sha256"), sha);
    EXPECT_EQ(region.contents(), 1u);
}

REGION_TEST(Copies, BecomePartsOfAnUpload) {
    std::string whole;
    for (std::uint32_t i = 0; whole.size() < 6 << 20; ++i) whole += std::to_string(i) + ',';
    const auto put = co_await region.put("/books/k", whole);
    const auto made = co_await region.post("/books/big?uploads");
    const std::string id = text_of(made, "UploadId");
    const auto part = [&id](int number) { return fmt::format("/books/big?partNumber={}&uploadId={}", number, id); };
    const auto all = co_await region.put(part(1), "", from("books/k"));
    EXPECT_EQ(outcome_of(all), "200") << all.body;
    EXPECT_EQ(text_of(all, "ETag"), put.header("ETag"));
    EXPECT_EQ(region.contents(), 1u);
    const auto some =
        co_await region.put(part(2), "", from("books/k", {{"x-amz-copy-source-range", "bytes=10-2000009"}}));
    EXPECT_EQ(outcome_of(some), "200") << some.body;
    const auto beyond =
        co_await region.put(part(3), "", from("books/k", {{"x-amz-copy-source-range", "bytes=0-99999999"}}));
    EXPECT_EQ(outcome_of(beyond), "400 InvalidArgument");
    const auto removed = co_await region.remove("/books/k");
    EXPECT_EQ(removed.status, 204);
    const std::string body = fmt::format(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        text_of(all, "ETag"),
        text_of(some, "ETag")
    );
    const auto done = co_await region.post("/books/big?uploadId=" + id, body);
    EXPECT_EQ(outcome_of(done), "200") << done.body;
    const auto got = co_await region.get("/books/big");
    const std::string expected = whole + whole.substr(10, 2'000'000);
    EXPECT_TRUE(got.body == expected);
    EXPECT_EQ(text_of(done, "ChecksumCRC64NVME"), base64(s3::Digest::of(s3::ChecksumAlgorithm::crc64nvme, expected)));
}

REGION_TEST(Attributes, AreWhatIsAskedFor) {
    const auto put = co_await region.put("/books/k", "hello");
    const auto all = co_await region.get(
        "/books/k?attributes", {{"x-amz-object-attributes", "ETag,Checksum,ObjectParts,StorageClass,ObjectSize"}}
    );
    EXPECT_EQ(outcome_of(all), "200") << all.body;
    EXPECT_EQ('"' + text_of(all, "ETag") + '"', put.header("ETag"));
    EXPECT_EQ(text_of(all, "ChecksumCRC64NVME"), put.header("x-amz-checksum-crc64nvme"));
    EXPECT_EQ(text_of(all, "StorageClass"), "STANDARD");
    EXPECT_EQ(text_of(all, "ObjectSize"), "5");
    EXPECT_FALSE(all.body.contains("ObjectParts"));
    EXPECT_EQ(all.header("Last-Modified"), "Mon, 21 Sep 2026 14:13:20 GMT");
    const auto one = co_await region.get("/books/k?attributes", {{"x-amz-object-attributes", "ObjectSize"}});
    EXPECT_FALSE(one.body.contains("ETag"));
    const auto none = co_await region.get("/books/k?attributes");
    EXPECT_EQ(outcome_of(none), "400 InvalidRequest");
    const auto bogus = co_await region.get("/books/k?attributes", {{"x-amz-object-attributes", "Colour"}});
    EXPECT_EQ(outcome_of(bogus), "400 InvalidArgument");
}

}  // namespace
}  // namespace cloudshelf::objects
