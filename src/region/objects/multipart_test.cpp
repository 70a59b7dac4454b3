// Goal: uploads in parts become objects exactly as S3's API says, and leave nothing when they do not. Method: a region
// in this process.
#include "base/base64.hpp"
#include "io/background.hpp"
#include "region/objects/collector.hpp"
#include "region/objects/listing.hpp"
#include "region/objects/service_test.hpp"
#include "wire/s3/checksum.hpp"
#include "wire/s3/etag.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::objects {
namespace {

constexpr std::size_t part_min = 5 << 20;

std::string bytes(char of, std::size_t count = part_min) {
    std::string made(count, of);
    if (count > 8) made.replace(count / 2, 4, "half");
    return made;
}

std::string etag_of(const std::vector<std::string>& parts) {
    std::vector<std::string> digests;
    for (const auto& part : parts) digests.push_back(s3::Digest::of(s3::ChecksumAlgorithm::md5, part));
    return s3::multipart_etag(digests);
}

/// An upload under way, and what a client knows of it.
struct Client {
    Region& region;
    std::string target;
    std::string id = {};
    std::string parts = {};  // of the body of a completion

    io::Task<void> create(std::string name, std::string value) {
        io::Headers headers{{std::move(name), std::move(value)}};
        co_await create(std::move(headers));
    }
    io::Task<void> create(io::Headers headers = {}) {
        const auto made = co_await region.post(target + "?uploads", "", std::move(headers));
        EXPECT_EQ(outcome_of(made), "200") << made.body;
        id = text_of(made, "UploadId");
        EXPECT_FALSE(id.empty());
    }
    std::string part_target(int number) const {
        return fmt::format("{}?partNumber={}&uploadId={}", target, number, id);
    }
    /// Answers the ETag with its quotes.
    io::Task<std::string> upload(int number, std::string body, io::Headers headers = {}, std::string checksum = {}) {
        const auto put = co_await region.put(part_target(number), std::move(body), std::move(headers));
        EXPECT_EQ(outcome_of(put), "200") << put.body;
        std::string etag(put.header("ETag"));
        name(number, etag, checksum);
        co_return etag;
    }
    void name(int number, std::string_view etag, std::string_view checksum = {}) {
        parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>{}</Part>", number, etag, checksum);
    }
    std::string body() const { return "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>"; }
    /// With one header, where it has a name.
    io::Task<io::HttpResponse> complete(std::string name = {}, std::string value = {}) {
        io::Headers headers;
        if (!name.empty()) headers.emplace_back(std::move(name), std::move(value));
        auto answer = co_await region.post(target + "?uploadId=" + id, body(), std::move(headers));
        co_return answer;
    }
};

REGION_TEST(Multipart, BecomesOneObject) {
    Client client{region, "/books/big%20one"};
    const io::Headers headers{
        {"Content-Type", "text/plain"},
        {"x-amz-meta-colour", "red"},
        {"x-amz-tagging", "a=b"},
        {"x-amz-storage-class", "STANDARD_IA"}
    };
    co_await client.create(headers);
    const std::vector<std::string> parts{bytes('a'), bytes('b', part_min + 3), "the rest"};
    for (int number = 1; number <= 3; ++number) co_await client.upload(number * 2, parts[number - 1]);
    const auto hidden = co_await region.get("/books/big%20one");
    EXPECT_EQ(hidden.status, 404);
    const auto done = co_await client.complete();
    EXPECT_EQ(outcome_of(done), "200") << done.body;
    EXPECT_EQ(text_of(done, "ETag"), etag_of(parts));
    EXPECT_EQ(text_of(done, "Key"), "big one");
    EXPECT_EQ(text_of(done, "Location"), "http://127.62.1.1/books/big%20one");

    const std::string whole = parts[0] + parts[1] + parts[2];
    const std::string crc = base64(s3::Digest::of(s3::ChecksumAlgorithm::crc64nvme, whole));
    EXPECT_EQ(text_of(done, "ChecksumCRC64NVME"), crc);
    EXPECT_EQ(text_of(done, "ChecksumType"), "FULL_OBJECT");
    const auto got = co_await region.get("/books/big%20one");
    EXPECT_TRUE(got.body == whole);
    EXPECT_EQ(got.header("ETag"), etag_of(parts));
    EXPECT_EQ(got.header("Content-Type"), "text/plain");
    EXPECT_EQ(got.header("x-amz-meta-colour"), "red");
    EXPECT_EQ(got.header("x-amz-tagging-count"), "1");
    EXPECT_EQ(got.header("x-amz-storage-class"), "STANDARD_IA");
    const auto across = co_await region.get("/books/big%20one", {{"Range", "bytes=5242878-5242882"}});
    EXPECT_EQ(across.body, whole.substr(5242878, 5));
    const auto second = co_await region.get("/books/big%20one?partNumber=4");
    EXPECT_EQ(second.status, 206);
    EXPECT_TRUE(second.body == parts[1]);
    EXPECT_EQ(second.header("x-amz-mp-parts-count"), "3");
    const auto none = co_await region.get("/books/big%20one?partNumber=3");
    EXPECT_EQ(outcome_of(none), "416 InvalidPartNumber");
    const auto bucket = region.service->buckets().find("books")->number;
    const auto page = list_objects(region.service->log().view(), region.service->storage(), bucket, {});
    REQUIRE(page && page->objects.size() == 1);
    EXPECT_EQ(page->objects[0].pieces.capacity() + page->objects[0].parts.capacity(), 0u) << "a page has no need of it";
    const auto over = co_await region.get("/books?uploads");
    EXPECT_EQ(texts_of(over, "UploadId").size(), 0u);
    const auto three = co_await region.come_to(3);
    EXPECT_TRUE(three);
    const auto removed = co_await region.remove("/books/big%20one");
    EXPECT_EQ(removed.status, 204);
    const auto nothing = co_await region.come_to(0);
    EXPECT_TRUE(nothing);
}

// Goal: an object that is deleted while it is read is read whole, and leaves nothing then.
REGION_TEST(Multipart, KeepsItsPartsWhileItIsRead) {
    Client client{region, "/books/k"};
    co_await client.create();
    const std::vector<std::string> parts{bytes('a'), bytes('b'), "the rest"};
    for (int number = 1; number <= 3; ++number) co_await client.upload(number, parts[number - 1]);
    const auto done = co_await client.complete();
    EXPECT_EQ(outcome_of(done), "200") << done.body;
    const auto three = co_await region.come_to(3);
    EXPECT_TRUE(three);
    Freed names;
    const auto visit = [&names](const contents::ContentName& name, std::uint64_t) {
        names.push_back(name);
        return true;
    };
    EXPECT_TRUE(region.service->contents().for_each(visit));
    auto request = region.signed_request({.target = "/books/k"});
    auto answer = co_await region.service->answer(std::move(request));
    REQUIRE(answer.stream);
    const auto removed = co_await region.remove("/books/k");
    EXPECT_EQ(removed.status, 204);
    Collector::collect(*region.service, names);
    std::string body;
    const io::HttpResponse::Writer collect = [&body](std::string piece) -> io::Task<bool> {
        body += piece;
        co_return true;
    };
    co_await answer.stream(collect);
    EXPECT_TRUE(body == parts[0] + parts[1] + parts[2]) << body.size() << " bytes";
    answer = {};
    const auto nothing = co_await region.come_to(0);
    EXPECT_TRUE(nothing);
}

// Whoever lost the answer asks again, and is told the same as long as it is true.
REGION_TEST(Multipart, MayBeCompletedTwice) {
    Client client{region, "/books/k"};
    co_await client.create();
    co_await client.upload(1, "only");
    const auto first = co_await client.complete();
    const auto second = co_await client.complete();
    EXPECT_EQ(outcome_of(first), "200") << first.body;
    EXPECT_EQ(second.body, first.body);
    const auto put = co_await region.put("/books/k", "another");
    EXPECT_EQ(put.status, 200);
    const auto late = co_await client.complete();
    EXPECT_EQ(outcome_of(late), "404 NoSuchUpload");
    const auto kept = co_await region.get("/books/k");
    EXPECT_EQ(kept.body, "another");
}

REGION_TEST(Multipart, WithoutSoundPartsIsRefusedAndGoesOn) {
    Client client{region, "/books/k"};
    co_await client.create();
    const std::string small = co_await client.upload(1, "small");
    const std::string last = co_await client.upload(2, "last");
    const auto too_small = co_await client.complete();
    EXPECT_EQ(outcome_of(too_small), "400 EntityTooSmall");
    EXPECT_EQ(text_of(too_small, "PartNumber"), "1");
    EXPECT_EQ(text_of(too_small, "MinSizeAllowed"), "5242880");
    client.parts.clear();
    client.name(2, last);
    client.name(1, small);
    const auto order = co_await client.complete();
    EXPECT_EQ(outcome_of(order), "400 InvalidPartOrder");
    client.parts.clear();
    client.name(1, last);
    const auto etag = co_await client.complete();
    EXPECT_EQ(outcome_of(etag), "400 InvalidPart");
    client.parts.clear();
    client.name(3, last);
    const auto missing = co_await client.complete();
    EXPECT_EQ(outcome_of(missing), "400 InvalidPart");
    client.parts.clear();
    const auto empty = co_await client.complete();
    EXPECT_EQ(outcome_of(empty), "400 MalformedXML");
    // Only what is named becomes the object; ETags may come without quotes.
    client.name(2, last.substr(1, 32));
    const auto size = co_await client.complete("x-amz-mp-object-size", "5");
    EXPECT_EQ(outcome_of(size), "400 InvalidRequest");
    const auto good = co_await client.complete("x-amz-mp-object-size", "4");
    EXPECT_EQ(outcome_of(good), "200") << good.body;
    const auto got = co_await region.get("/books/k");
    EXPECT_EQ(got.body, "last");
    const auto one = co_await region.come_to(1);  // what was not named is gone
    EXPECT_TRUE(one);
}

REGION_TEST(Multipart, TakesThePartThatCameLast) {
    Client client{region, "/books/k"};
    co_await client.create();
    co_await client.upload(1, "first");
    client.parts.clear();
    co_await client.upload(1, "second");
    const auto one = co_await region.come_to(1);
    EXPECT_TRUE(one);
    const auto done = co_await client.complete();
    EXPECT_EQ(done.status, 200);
    const auto got = co_await region.get("/books/k");
    EXPECT_EQ(got.body, "second");
}

REGION_TEST(Multipart, MayBeOfPartsThatAreTheSameAndOfOneThatIsEmpty) {
    Client same{region, "/books/same"};
    co_await same.create();
    for (int number = 1; number <= 3; ++number) co_await same.upload(number, bytes('a'));
    const auto done = co_await same.complete();
    EXPECT_EQ(outcome_of(done), "200") << done.body;
    const auto one = co_await region.come_to(1);
    EXPECT_TRUE(one);
    const auto got = co_await region.get("/books/same");
    EXPECT_TRUE(got.body == bytes('a') + bytes('a') + bytes('a'));

    Client empty{region, "/books/empty"};
    co_await empty.create();
    co_await empty.upload(1, "");
    const auto completed = co_await empty.complete();
    EXPECT_EQ(outcome_of(completed), "200") << completed.body;
    const auto nothing = co_await region.get("/books/empty");
    EXPECT_EQ(nothing.status, 200);
    EXPECT_EQ(nothing.body, "");
    const auto removed = co_await region.remove("/books/same");
    EXPECT_EQ(removed.status, 204);
    const auto none = co_await region.come_to(0);
    EXPECT_TRUE(none);
}

REGION_TEST(Multipart, ThatIsAbortedLeavesNothing) {
    Client client{region, "/books/k"};
    co_await client.create();
    co_await client.upload(1, "one");
    co_await client.upload(2, "two");
    const auto refused = co_await region.remove("/books");
    EXPECT_EQ(outcome_of(refused), "409 BucketNotEmpty");
    const auto aborted = co_await region.remove("/books/k?uploadId=" + client.id);
    EXPECT_EQ(aborted.status, 204);
    const auto none = co_await region.come_to(0);
    EXPECT_TRUE(none);
    const auto again = co_await region.remove("/books/k?uploadId=" + client.id);
    EXPECT_EQ(outcome_of(again), "404 NoSuchUpload");
    const auto part = co_await region.put(client.part_target(1), "late");
    EXPECT_EQ(outcome_of(part), "404 NoSuchUpload");
    const auto listed = co_await region.get("/books/k?uploadId=" + client.id);
    EXPECT_EQ(outcome_of(listed), "404 NoSuchUpload");
    const auto completed = co_await client.complete();
    EXPECT_EQ(outcome_of(completed), "404 NoSuchUpload");
    const auto deleted = co_await region.remove("/books");
    EXPECT_EQ(deleted.status, 204);
}

REGION_TEST(Multipart, ListsItsPartsPageByPage) {
    Client client{region, "/books/k"};
    co_await client.create();
    for (const int number : {300, 2, 255, 256, 10'000}) co_await client.upload(number, std::to_string(number));
    const auto all = co_await region.get("/books/k?uploadId=" + client.id);
    const std::vector<std::string> numbers{"2", "255", "256", "300", "10000"};
    EXPECT_EQ(texts_of(all, "PartNumber"), numbers);
    const std::vector<std::string> sizes{"1", "3", "3", "3", "5"};
    EXPECT_EQ(texts_of(all, "Size"), sizes);
    EXPECT_EQ(text_of(all, "IsTruncated"), "false");
    const auto page = co_await region.get("/books/k?max-parts=2&part-number-marker=2&uploadId=" + client.id);
    const std::vector<std::string> some{"255", "256"};
    EXPECT_EQ(texts_of(page, "PartNumber"), some);
    EXPECT_EQ(text_of(page, "IsTruncated"), "true");
    EXPECT_EQ(text_of(page, "NextPartNumberMarker"), "256");
    for (const std::string number : {"0", "10001", "x", "65537"}) {
        const auto put = co_await region.put(fmt::format("/books/k?partNumber={}&uploadId={}", number, client.id), "x");
        EXPECT_EQ(outcome_of(put), "400 InvalidArgument") << number;
    }
}

REGION_TEST(Multipart, AreListedByKeyAndBeginning) {
    std::vector<Client> clients{
        {region, "/books/b"}, {region, "/books/a/x"}, {region, "/books/b"}, {region, "/books/c"}
    };
    for (auto& client : clients) co_await client.create();
    const std::vector<std::string> in_order{clients[1].id, clients[0].id, clients[2].id, clients[3].id};
    const auto all = co_await region.get("/books?uploads");
    EXPECT_EQ(texts_of(all, "UploadId"), in_order);
    const auto page = co_await region.get("/books?uploads&max-uploads=2");
    EXPECT_EQ(text_of(page, "IsTruncated"), "true");
    EXPECT_EQ(text_of(page, "NextKeyMarker"), "b");
    EXPECT_EQ(text_of(page, "NextUploadIdMarker"), clients[0].id);
    const auto next = co_await region.get("/books?uploads&key-marker=b&upload-id-marker=" + clients[0].id);
    const std::vector<std::string> rest{clients[2].id, clients[3].id};
    const auto next_ids = texts_of(next, "UploadId");
    EXPECT_EQ(next_ids, rest);
    const auto rolled = co_await region.get("/books?uploads&delimiter=%2F&prefix=a");
    EXPECT_EQ(texts_of(rolled, "UploadId").size(), 0u);
    EXPECT_EQ(texts_of(rolled, "Prefix").back(), "a/");
}

REGION_TEST(Multipart, HasACompositeChecksumOfItsParts) {
    Client client{region, "/books/k"};
    co_await client.create("x-amz-checksum-algorithm", "SHA256");
    const std::vector<std::string> parts{bytes('a'), "rest"};
    std::vector<s3::PartChecksum> raws;
    for (int number = 1; number <= 2; ++number) {
        const std::string& part = parts[number - 1];
        raws.push_back({.raw = s3::Digest::of(s3::ChecksumAlgorithm::sha256, part), .size = part.size()});
        const std::string value = base64(raws.back().raw);
        const auto bare = co_await region.put(client.part_target(number), part);
        EXPECT_EQ(outcome_of(bare), "400 InvalidRequest");
        const auto other =
            co_await region.put(client.part_target(number), part, {{"x-amz-checksum-crc32", "AAAAAA=="}});
        EXPECT_EQ(outcome_of(other), "400 InvalidRequest");
        co_await client.upload(
            number, part, {{"x-amz-checksum-sha256", value}}, fmt::format("<ChecksumSHA256>{}</ChecksumSHA256>", value)
        );
    }
    const std::string composite = s3::composite_checksum(s3::ChecksumAlgorithm::sha256, raws);
    const auto listed = co_await region.get("/books/k?uploadId=" + client.id);
    EXPECT_EQ(text_of(listed, "ChecksumAlgorithm"), "SHA256");
    EXPECT_EQ(text_of(listed, "ChecksumSHA256"), base64(raws[0].raw));
    const auto wrong = co_await client.complete("x-amz-checksum-sha256", base64(raws[0].raw));
    EXPECT_EQ(outcome_of(wrong), "400 BadDigest");
    const auto mode = co_await client.complete("x-amz-checksum-type", "FULL_OBJECT");
    EXPECT_EQ(outcome_of(mode), "400 InvalidRequest");
    const auto done = co_await client.complete("x-amz-checksum-sha256", composite);
    EXPECT_EQ(outcome_of(done), "200") << done.body;
    EXPECT_EQ(text_of(done, "ChecksumSHA256"), composite);
    EXPECT_EQ(text_of(done, "ChecksumType"), "COMPOSITE");
    const auto head = co_await region.head("/books/k", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(head.header("x-amz-checksum-sha256"), composite);
    EXPECT_EQ(head.header("x-amz-checksum-type"), "COMPOSITE");
}

// What AWS's SDKs do today when nobody asks for a checksum: none at the creation, CRC32 with each part.
REGION_TEST(Multipart, TakesAnyChecksumWhereNoneWasAskedFor) {
    Client client{region, "/books/k"};
    co_await client.create();
    const std::string crc = base64(s3::Digest::of(s3::ChecksumAlgorithm::crc32, "part"));
    const auto put = co_await region.put(client.part_target(1), "part", {{"x-amz-checksum-crc32", crc}});
    EXPECT_EQ(put.header("x-amz-checksum-crc32"), crc);
    client.name(1, put.header("ETag"));
    const auto done = co_await client.complete();
    EXPECT_EQ(text_of(done, "ChecksumCRC64NVME"), base64(s3::Digest::of(s3::ChecksumAlgorithm::crc64nvme, "part")));
    EXPECT_EQ(text_of(done, "ChecksumCRC32"), "");
}

REGION_TEST(Multipart, IsCompletedUnderConditions) {
    const auto put = co_await region.put("/books/k", "there");
    Client client{region, "/books/k"};
    co_await client.create();
    co_await client.upload(1, "part");
    const auto exists = co_await client.complete("If-None-Match", "*");
    EXPECT_EQ(outcome_of(exists), "412 PreconditionFailed");
    const auto other = co_await client.complete("If-Match", "\"x\"");
    EXPECT_EQ(outcome_of(other), "412 PreconditionFailed");
    const auto kept = co_await region.get("/books/k");
    EXPECT_EQ(kept.body, "there");
    const auto good = co_await client.complete("If-Match", std::string(put.header("ETag")));
    EXPECT_EQ(outcome_of(good), "200") << good.body;
}

REGION_TEST(Multipart, IsAVersionWhereThereAreVersions) {
    co_await region.set_versioning("books", Versioning::enabled);
    const auto put = co_await region.put("/books/k", "before");
    Client client{region, "/books/k"};
    co_await client.create();
    co_await client.upload(1, "part");
    const auto done = co_await client.complete();
    const std::string id(done.header("x-amz-version-id"));
    EXPECT_FALSE(id.empty());
    const auto got = co_await region.get("/books/k?versionId=" + id);
    EXPECT_EQ(got.body, "part");
    const auto old = co_await region.get("/books/k?versionId=" + std::string(put.header("x-amz-version-id")));
    EXPECT_EQ(old.body, "before");
}

io::Task<void> complete_into(Client* client, io::HttpResponse* answer, int* under_way) {
    *answer = co_await client->complete();
    --*under_way;
}

// Goal: of completions at the same time one makes the object, and all are told the same. Method: a bucket with versions
// would show a second one.
REGION_TEST(Multipart, IsCompletedOnceByManyAtOnce) {
    co_await region.set_versioning("books", Versioning::enabled);
    Client client{region, "/books/k"};
    co_await client.create();
    co_await client.upload(1, "part");
    std::vector<io::HttpResponse> answers(4);
    int under_way = static_cast<int>(answers.size());
    for (auto& answer : answers) io::run_in_background(region.executor, complete_into(&client, &answer, &under_way));
    const auto deadline = io::Deadline::after(std::chrono::seconds(20));
    while (under_way > 0 && !deadline.passed()) co_await io::wait_for(std::chrono::milliseconds(1));
    REQUIRE(under_way == 0);
    for (const auto& answer : answers) {
        EXPECT_EQ(outcome_of(answer), "200") << answer.body;
        EXPECT_EQ(answer.header("x-amz-version-id"), answers.front().header("x-amz-version-id"));
    }
    const auto listed = co_await region.get("/books?versions");
    EXPECT_EQ(texts_of(listed, "VersionId").size(), 1u);
}

REGION_TEST(Multipart, NeedsTheRightToWrite) {
    Client client{region, "/books/k"};
    co_await client.create();
    const std::string upload = "/books/k?uploadId=" + client.id;
    struct Case {
        std::string method;
        std::string target;
    };
    const std::vector<Case> cases{
        {"POST", "/books/k?uploads"}, {"PUT", client.part_target(1)}, {"POST", upload}, {"DELETE", upload}
    };
    for (const auto& each : cases) {
        for (const Who who : {Who::reader, Who::stranger, Who::nobody}) {
            const Ask ask_answer{.method = each.method, .target = each.target, .body = "x", .by = who};
            const auto answer = co_await region.ask(ask_answer);
            EXPECT_EQ(outcome_of(answer), "403 AccessDenied") << each.method << each.target << int(who);
        }
    }
    const Ask ask_listed{.target = upload, .by = Who::reader};
    const auto listed = co_await region.ask(ask_listed);
    EXPECT_EQ(listed.status, 200);
}

}  // namespace
}  // namespace cloudshelf::objects
