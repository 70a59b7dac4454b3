// Goal: objects are stored, answered, described and deleted as S3's API says. Method: a region in this process, asked
// with signed requests.
#include "base/base64.hpp"
#include "region/objects/service_test.hpp"
#include "wire/s3/checksum.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::objects {
namespace {

constexpr std::string_view hello_etag = "\"5d41402abc4b2a76b9719d911017c592\"";

std::string checksum(s3::ChecksumAlgorithm algorithm, std::string_view bytes) {
    return base64(s3::Digest::of(algorithm, bytes));
}

/// Bytes that no offset repeats.
std::string bytes(std::size_t count) {
    std::string made;
    for (std::uint32_t i = 0; made.size() < count; ++i) made += std::to_string(i) + ',';
    made.resize(count);
    return made;
}

REGION_TEST(Objects, AreGivenBackAsTheyCame) {
    const io::Headers headers{{"x-amz-meta-colour", "red"}, {"Content-Type", "text/plain"}};
    const auto put = co_await region.put("/books/a%20b/c", "hello", headers);
    EXPECT_EQ(outcome_of(put), "200") << put.body;
    EXPECT_EQ(put.header("ETag"), hello_etag);
    EXPECT_EQ(put.header("x-amz-version-id"), "");
    EXPECT_EQ(put.header("x-amz-checksum-crc64nvme"), checksum(s3::ChecksumAlgorithm::crc64nvme, "hello"));
    const auto got = co_await region.get("/books/a%20b/c");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.header("Content-Type"), "text/plain");
    EXPECT_EQ(got.header("x-amz-meta-colour"), "red");
    EXPECT_EQ(got.header("Accept-Ranges"), "bytes");
    EXPECT_EQ(got.header("x-amz-server-side-encryption"), "AES256");
    EXPECT_EQ(got.header("Last-Modified"), "Mon, 21 Sep 2026 14:13:20 GMT");
    EXPECT_EQ(got.header("x-amz-checksum-crc64nvme"), "");
    const auto head = co_await region.head("/books/a%20b/c", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.content_length, 5u);
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.header("x-amz-checksum-crc64nvme"), checksum(s3::ChecksumAlgorithm::crc64nvme, "hello"));
    const auto by_host = co_await region.get("/a%20b/c", {{"Host", "books.s3.test"}});
    EXPECT_EQ(by_host.body, "hello");
}

REGION_TEST(Objects, MayBeEmptyOrLong) {
    const auto empty = co_await region.put("/books/empty");
    EXPECT_EQ(empty.header("ETag"), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    const auto got_empty = co_await region.get("/books/empty");
    EXPECT_EQ(got_empty.status, 200);
    EXPECT_EQ(got_empty.body, "");
    EXPECT_EQ(got_empty.content_length.value_or(0), 0u);
    const auto left = co_await region.come_to(0);  // nothing needs a file
    EXPECT_TRUE(left);
    const std::string long_one = bytes((3 << 20) + 17);
    region.piece_bytes = 100'003;
    const auto put = co_await region.put("/books/long", long_one);
    EXPECT_EQ(put.status, 200);
    const auto got = co_await region.get("/books/long");
    EXPECT_EQ(got.content_length, long_one.size());
    EXPECT_TRUE(got.body == long_one);
}

REGION_TEST(Objects, AreReadInRanges) {
    const std::string whole = bytes((2 << 20) + 5);
    const auto put = co_await region.put("/books/k", whole);
    REQUIRE(put.status == 200);
    struct Case {
        std::string range;
        int status;
        std::string content_range;
        std::string body;
    };
    const std::vector<Case> cases{
        {"bytes=0-4", 206, "bytes 0-4/2097157", whole.substr(0, 5)},
        {"bytes=1048574-1048578", 206, "bytes 1048574-1048578/2097157", whole.substr(1048574, 5)},
        {"bytes=2097150-", 206, "bytes 2097150-2097156/2097157", whole.substr(2097150)},
        {"bytes=-3", 206, "bytes 2097154-2097156/2097157", whole.substr(2097154)},
        {"bytes=0-99999999", 206, "bytes 0-2097156/2097157", whole},
        {"bytes=5-1", 200, "", whole},
        {"pages=1-2", 200, "", whole},
    };
    for (const auto& each : cases) {
        const auto got = co_await region.get("/books/k", {{"Range", each.range}});
        EXPECT_EQ(got.status, each.status) << each.range;
        EXPECT_EQ(got.header("Content-Range"), each.content_range) << each.range;
        EXPECT_TRUE(got.body == each.body) << each.range;
    }
    const auto behind = co_await region.get("/books/k", {{"Range", "bytes=2097157-"}});
    EXPECT_EQ(outcome_of(behind), "416 InvalidRange");
    EXPECT_TRUE(behind.body.contains("<ActualObjectSize>")) << behind.body;
    EXPECT_EQ(behind.header("Content-Range"), "bytes */2097157");
    const auto other = co_await region.get("/books/k", {{"Range", "bytes=0-4"}, {"If-Range", "\"other\""}});
    EXPECT_EQ(other.status, 200);
    const auto first_part = co_await region.get("/books/k?partNumber=1");
    EXPECT_EQ(first_part.status, 206);
    EXPECT_TRUE(first_part.body == whole);
    const auto second_part = co_await region.get("/books/k?partNumber=2");
    EXPECT_EQ(outcome_of(second_part), "416 InvalidPartNumber");
}

REGION_TEST(Objects, AreReadAndWrittenUnderConditions) {
    const auto put = co_await region.put("/books/k", "hello");
    REQUIRE(put.status == 200);
    const std::string etag(hello_etag);
    const std::string before = "Mon, 21 Sep 2026 14:13:19 GMT";
    const std::string then = "Mon, 21 Sep 2026 14:13:20 GMT";
    struct Case {
        io::Headers headers;
        std::string expected;
    };
    const std::vector<Case> reads{
        {{{"If-Match", etag}}, "200"},
        {{{"If-Match", "\"x\""}}, "412 PreconditionFailed"},
        {{{"If-None-Match", etag}}, "304"},
        {{{"If-None-Match", "\"x\""}}, "200"},
        {{{"If-Modified-Since", then}}, "304"},
        {{{"If-Modified-Since", before}}, "200"},
        {{{"If-Unmodified-Since", then}}, "200"},
        {{{"If-Unmodified-Since", before}}, "412 PreconditionFailed"},
        {{{"If-Match", etag}, {"If-Unmodified-Since", before}}, "200"},
    };
    for (const auto& each : reads) {
        const auto got = co_await region.get("/books/k", each.headers);
        EXPECT_EQ(outcome_of(got), each.expected) << each.headers.front().first << each.headers.front().second;
        EXPECT_TRUE(got.status == 200 || !got.body.contains("hello"));
        if (got.status == 304) EXPECT_EQ(got.header("ETag"), etag);
        if (got.status == 412) EXPECT_EQ(text_of(got, "Condition"), each.headers.front().first);
    }
    const std::vector<Case> writes{
        {{{"If-None-Match", "*"}}, "412 PreconditionFailed"},
        {{{"If-Match", "\"x\""}}, "412 PreconditionFailed"},
        {{{"If-Match", etag}}, "200"},
        {{{"If-None-Match", etag}}, "501 NotImplemented"},
    };
    for (const auto& each : writes) {
        const auto written = co_await region.put("/books/k", "hello", each.headers);
        EXPECT_EQ(outcome_of(written), each.expected) << each.headers.front().first;
    }
    const auto made = co_await region.put("/books/new", "x", {{"If-None-Match", "*"}});
    EXPECT_EQ(made.status, 200);
    const auto missing = co_await region.put("/books/other", "x", {{"If-Match", etag}});
    EXPECT_EQ(outcome_of(missing), "404 NoSuchKey");
}

REGION_TEST(Objects, ThatAreNotThereAreAnError) {
    const auto no_key = co_await region.get("/books/none");
    EXPECT_EQ(outcome_of(no_key), "404 NoSuchKey");
    EXPECT_EQ(text_of(no_key, "Key"), "none");
    EXPECT_EQ(text_of(no_key, "Resource"), "/books/none");
    const auto no_bucket = co_await region.get("/nobody/none");
    EXPECT_EQ(outcome_of(no_bucket), "404 NoSuchBucket");
    EXPECT_EQ(text_of(no_bucket, "BucketName"), "nobody");
    const auto no_version = co_await region.get("/books/none?versionId=null");
    EXPECT_EQ(outcome_of(no_version), "404 NoSuchVersion");
    const auto no_id = co_await region.get("/books/none?versionId=bogus");
    EXPECT_EQ(outcome_of(no_id), "400 InvalidArgument");
    const auto removed = co_await region.remove("/books/none");
    EXPECT_EQ(removed.status, 204);
    const auto long_key = co_await region.put("/books/" + std::string(1025, 'k'), "x");
    EXPECT_EQ(outcome_of(long_key), "400 KeyTooLongError");
}

REGION_TEST(Objects, WhoseBytesAreNotTheAnnouncedOnesLeaveNothing) {
    const std::string sha = checksum(s3::ChecksumAlgorithm::sha256, "hello");
    struct Case {
        io::Headers headers;
        std::string body;
        std::string expected;
    };
    const std::vector<Case> cases{
        {{{"Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="}}, "hello", "200"},
        {{{"Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="}}, "hallo", "400 BadDigest"},
        {{{"Content-MD5", "short"}}, "hello", "400 InvalidDigest"},
        {{{"x-amz-checksum-sha256", sha}}, "hello", "200"},
        {{{"x-amz-checksum-sha256", sha}}, "hallo", "400 BadDigest"},
        {{{"x-amz-checksum-sha256", sha}, {"x-amz-checksum-crc32", "AAAAAA=="}}, "hello", "400 InvalidRequest"},
    };
    for (const auto& each : cases) {
        const auto put = co_await region.put("/books/k", each.body, each.headers);
        EXPECT_EQ(outcome_of(put), each.expected) << each.headers.front().first << ' ' << each.body;
    }
    const auto kept = co_await region.head("/books/k", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(kept.header("x-amz-checksum-sha256"), sha);
    EXPECT_EQ(kept.header("x-amz-checksum-type"), "FULL_OBJECT");

    auto changed = region.signed_request({.method = "PUT", .target = "/books/changed", .body = "hello"});
    changed.body = "hallo";
    const auto refused = co_await region.answer(std::move(changed));
    EXPECT_EQ(outcome_of(refused), "400 XAmzContentSHA256Mismatch");

    auto cut = region.signed_request({.method = "PUT", .target = "/books/cut", .body = bytes(1 << 20)});
    const auto body = std::make_shared<BodyInPieces>(std::exchange(cut.body, {}), 1000);
    body->cut_at(700'000);
    cut.incoming = body;
    const auto incomplete = co_await region.answer(std::move(cut));
    EXPECT_EQ(outcome_of(incomplete), "400 IncompleteBody");
    for (const std::string key : {"/books/changed", "/books/cut"}) {
        const auto got = co_await region.get(key);
        EXPECT_EQ(outcome_of(got), "404 NoSuchKey") << key;
    }
    EXPECT_EQ(region.contents(), 1u);
}

REGION_TEST(Objects, ComeInSignedChunksAndWithTrailers) {
    const std::string whole = bytes(200'000);
    const Ask ask{.method = "PUT", .target = "/books/k", .body = whole};
    region.piece_bytes = 999;
    const auto chunked = co_await region.answer(region.chunked_request(ask, 65'536));
    EXPECT_EQ(outcome_of(chunked), "200") << chunked.body;
    const auto got = co_await region.get("/books/k");
    EXPECT_TRUE(got.body == whole);
    EXPECT_EQ(got.header("Content-Encoding"), "");

    auto altered = region.chunked_request({.method = "PUT", .target = "/books/bad", .body = whole}, 65'536);
    altered.body[100'000] ^= 1;
    const auto refused = co_await region.answer(std::move(altered));
    EXPECT_EQ(outcome_of(refused), "403 SignatureDoesNotMatch");

    const std::string crc = checksum(s3::ChecksumAlgorithm::crc32, whole);
    const auto trailed = co_await region.answer(region.trailer_request(ask, "x-amz-checksum-crc32", crc));
    EXPECT_EQ(outcome_of(trailed), "200") << trailed.body;
    EXPECT_EQ(trailed.header("x-amz-checksum-crc32"), crc);
    const auto wrong = co_await region.answer(region.trailer_request(ask, "x-amz-checksum-crc32", "AAAAAA=="));
    EXPECT_EQ(outcome_of(wrong), "400 BadDigest");
    const Ask nothing{.method = "PUT", .target = "/books/nothing"};
    const auto empty = co_await region.answer(region.trailer_request(nothing, "x-amz-checksum-crc32", "AAAAAA=="));
    EXPECT_EQ(outcome_of(empty), "200") << empty.body;
}

/// A body during which a bucket is deleted, and made anew by another account.
class BodyOverANewBucket : public io::BodyReader {
public:
    explicit BodyOverANewBucket(Region* region) : region_(region) {}

    io::Task<Result<std::string>> next() override {
        if (std::exchange(done_, true)) co_return std::string();
        const auto removed = co_await region_->remove("/books");
        EXPECT_EQ(removed.status, 204) << removed.body;
        Ask asked{.method = "PUT", .target = "/books", .by = Who::stranger};
        const auto made = co_await region_->ask(std::move(asked));
        EXPECT_EQ(made.status, 200) << made.body;
        co_return std::string("hello");
    }
    std::optional<std::uint64_t> length() const override { return 5; }

private:
    Region* region_;
    bool done_ = false;
};

REGION_TEST(Objects, DoNotComeIntoABucketThatTookTheNameOfTheirs) {
    Ask asked{.method = "PUT", .target = "/books/a", .body = "hello"};
    auto request = region.signed_request(asked);
    request.body.clear();
    request.incoming = std::make_shared<BodyOverANewBucket>(&region);
    const auto put = co_await region.answer(std::move(request));
    EXPECT_EQ(outcome_of(put), "404 NoSuchBucket");
    Ask looking{.target = "/books", .by = Who::stranger};
    const auto listed = co_await region.ask(std::move(looking));
    EXPECT_EQ(outcome_of(listed), "200");
    EXPECT_EQ(texts_of(listed, "Key").size(), 0u);
    const auto none = co_await region.come_to(0);
    EXPECT_TRUE(none);
}

REGION_TEST(Objects, MayHaveAnyNameWhereTheHostIsTheirBucket) {
    const io::Headers host{{"Host", "books.s3.test"}};
    const auto put = co_await region.put("/-/health", "hello", host);
    EXPECT_EQ(outcome_of(put), "200");
    const auto got = co_await region.get("/-/health", host);
    EXPECT_EQ(got.body, "hello");
    const auto health = co_await region.get("/-/health");
    EXPECT_EQ(health.header("Content-Type"), "application/json");
}

REGION_TEST(Objects, ComeOverASocketToo) {
    const std::string whole = bytes(700'000);
    const Ask ask_put{.method = "PUT", .target = "/books/k", .body = whole};
    const auto put = co_await region.ask_by_socket(ask_put);
    REQUIRE(put);
    EXPECT_EQ(outcome_of(*put), "200") << put->body;
    const Ask ask_got{.target = "/books/k"};
    const auto got = co_await region.ask_by_socket(ask_got);
    REQUIRE(got);
    EXPECT_TRUE(got->body == whole);
    EXPECT_EQ(got->header("Content-Length"), "700000");
    EXPECT_EQ(got->header("x-amz-request-id").size(), 16u);
    const Ask ask_removed{.method = "DELETE", .target = "/books/k"};
    const auto removed = co_await region.ask_by_socket(ask_removed);
    REQUIRE(removed);
    EXPECT_EQ(removed->status, 204);
}

REGION_TEST(Objects, OfOneContentShareAFileUntilTheLastGoes) {
    for (const std::string key : {"/books/a", "/books/b"}) {
        const auto put = co_await region.put(key, "the same");
        EXPECT_EQ(put.status, 200);
    }
    EXPECT_EQ(region.contents(), 1u);
    const auto first = co_await region.remove("/books/a");
    EXPECT_EQ(first.status, 204);
    const auto marker = co_await region.put("/books/c", "another");  // is collected: then the other one was looked at
    const auto replaced = co_await region.put("/books/c", "a third");
    EXPECT_EQ(marker.status + replaced.status, 400);
    const auto two = co_await region.come_to(2);
    EXPECT_TRUE(two);
    const auto got = co_await region.get("/books/b");
    EXPECT_EQ(got.body, "the same");
    const auto second = co_await region.remove("/books/b");
    EXPECT_EQ(second.status, 204);
    const auto one = co_await region.come_to(1);
    EXPECT_TRUE(one);
}

REGION_TEST(Objects, AreDeletedManyAtOnce) {
    for (const std::string key : {"/books/a", "/books/b"}) {
        const auto put = co_await region.put(key, "x");
        EXPECT_EQ(put.status, 200);
    }
    const std::string body =
        "<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object>"
        "<Object><Key>b</Key><VersionId>bogus</VersionId></Object></Delete>";
    const auto answer = co_await region.post("/books?delete", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const std::vector<std::string> keys{"a", "none", "b"};
    EXPECT_EQ(texts_of(answer, "Key"), keys);
    EXPECT_EQ(text_of(answer, "Code"), "NoSuchVersion");
    const auto gone = co_await region.get("/books/a");
    EXPECT_EQ(gone.status, 404);
    const auto kept = co_await region.get("/books/b");
    EXPECT_EQ(kept.status, 200);
    const auto quiet =
        co_await region.post("/books?delete", "<Delete><Quiet>true</Quiet><Object><Key>b</Key></Object></Delete>");
    EXPECT_EQ(texts_of(quiet, "Key").size(), 0u) << quiet.body;
}

REGION_TEST(Objects, AreNotEncryptedWithCustomersKeys) {
    const std::string key(32, 'k');
    const io::Headers headers{
        {"x-amz-server-side-encryption-customer-algorithm", "AES256"},
        {"x-amz-server-side-encryption-customer-key", base64(key)},
        {"x-amz-server-side-encryption-customer-key-MD5", checksum(s3::ChecksumAlgorithm::md5, key)},
    };
    const auto put = co_await region.put("/books/k", "x", headers);
    EXPECT_EQ(outcome_of(put), "501 NotImplemented");
}

}  // namespace
}  // namespace cloudshelf::objects
