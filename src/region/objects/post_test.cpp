// Goal: a browser's form stores an object where its policy allows it, and nowhere else. Method: a region in this
// process, forms signed as S3's documentation has it.
#include "base/base64.hpp"
#include "base/hex.hpp"
#include "region/objects/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::objects {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string form_body(const Fields& fields, std::string_view file) {
    std::string body;
    for (const auto& [name, value] : fields)
        body += fmt::format("--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name, value);
    body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo.png\"\r\n\r\n";
    return body.append(file).append("\r\n--b--\r\n");
}

io::HttpRequest form_request(std::string body) {
    return Region::plain_request({
        .method = "POST",
        .target = "/books",
        .body = std::move(body),
        .headers = {{"Content-Type", "multipart/form-data; boundary=b"}},
    });
}

/// The fields that sign a policy, behind the others: one for the bucket "books", where no field names another.
Fields signed_fields(const Region& region, Who who, Fields fields, std::string_view more_conditions = "") {
    const auto& by = *region.credentials(who);
    const std::string time = sigv4::iso_basic(region.now());
    const sigv4::Scope scope{.date = time.substr(0, 8), .region = "us-east-1", .service = "s3"};
    fields.emplace_back("x-amz-algorithm", "AWS4-HMAC-SHA256");
    fields.emplace_back("x-amz-credential", by.access_key_id + "/" + scope.text());
    fields.emplace_back("x-amz-date", time);
    const bool names_bucket = std::ranges::any_of(fields, [](const auto& field) { return field.first == "bucket"; });
    std::string conditions = R"(["starts-with","$key","user/"])";
    if (!names_bucket) conditions += R"(,{"bucket":"books"})";
    for (const auto& [name, value] : fields) {
        if (name != "key") conditions += fmt::format(R"(,{{"{}":"{}"}})", name, value);
    }
    const std::string policy = base64(
        fmt::format(R"({{"expiration":"2026-09-21T15:00:00Z","conditions":[{}{}]}})", conditions, more_conditions)
    );
    const auto key = sigv4::signing_key(by.secret_access_key, scope);
    const auto mac = sigv4::hmac({key.data(), key.size()}, policy);
    fields.emplace_back("policy", policy);
    fields.emplace_back("x-amz-signature", hex({mac.data(), mac.size()}));
    return fields;
}

REGION_TEST(Forms, StoreAnObject) {
    const Fields wanted{
        {"key", "user/${filename}"},
        {"content-type", "image/png"},
        {"x-amz-meta-colour", "red"},
        {"success_action_status", "201"},
        {"tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
    };
    std::string file(700'000, 'x');
    file += "\r\n--not-the-end";
    region.piece_bytes = 1000;
    const auto posted =
        co_await region.answer(form_request(form_body(signed_fields(region, Who::owner, wanted), file)));
    EXPECT_EQ(outcome_of(posted), "201") << posted.body;
    EXPECT_EQ(text_of(posted, "Key"), "user/photo.png");
    EXPECT_EQ(text_of(posted, "Location"), "http://127.62.1.1/books/user/photo.png");
    const auto got = co_await region.get("/books/user/photo.png");
    EXPECT_TRUE(got.body == file);
    EXPECT_EQ(got.header("ETag"), text_of(posted, "ETag"));
    EXPECT_EQ(got.header("Content-Type"), "image/png");
    EXPECT_EQ(got.header("x-amz-meta-colour"), "red");
    EXPECT_EQ(got.header("x-amz-tagging-count"), "1");
}

REGION_TEST(Forms, SendTheBrowserWhereItWasAsked) {
    const Fields wanted{{"key", "user/a b"}, {"success_action_redirect", "http://shop.test/done?a=b"}};
    const auto posted =
        co_await region.answer(form_request(form_body(signed_fields(region, Who::owner, wanted), "hello")));
    EXPECT_EQ(posted.status, 303) << posted.body;
    EXPECT_EQ(
        posted.header("Location"),
        "http://shop.test/done?a=b&bucket=books&key=user%2Fa%20b&etag=%225d41402abc4b2a76b9719d911017c592%22"
    );
    const auto plain =
        co_await region.answer(form_request(form_body(signed_fields(region, Who::owner, {{"key", "user/c"}}), "hello"))
        );
    EXPECT_EQ(plain.status, 204);
    EXPECT_EQ(plain.body, "");
}

REGION_TEST(Forms, WithoutAPolicyThatAllowsThemLeaveNothing) {
    const auto refused = [](Fields fields, std::string file = "hello") {
        return form_request(form_body(fields, file));
    };
    const Fields key{{"key", "user/a"}};
    struct Case {
        std::string what;
        io::HttpRequest request;
        std::string expected;
    };
    Fields wrong = signed_fields(region, Who::owner, key);
    wrong.back().second.back() ^= 1;
    Fields more = signed_fields(region, Who::owner, key);
    more.emplace_back("acl", "public-read");
    const Fields of_others{{"bucket", "albums"}, {"key", "user/a"}};
    Fields twice = signed_fields(region, Who::owner, {{"key", "user/a"}, {"x-amz-meta-colour", "red"}});
    twice.emplace_back("x-amz-meta-colour", "blue");
    const std::string length = R"(,["content-length-range",1,4])";
    std::vector<Case> cases;
    cases.push_back({"two values", refused(twice), "403 AccessDenied"});
    cases.push_back({"other bucket", refused(signed_fields(region, Who::owner, of_others)), "403 AccessDenied"});
    cases.push_back({"nobody", refused(key), "403 AccessDenied"});
    cases.push_back({"signature", refused(wrong), "403 SignatureDoesNotMatch"});
    cases.push_back({"extra field", refused(more), "403 AccessDenied"});
    cases.push_back({"key", refused(signed_fields(region, Who::owner, {{"key", "a"}})), "403 AccessDenied"});
    cases.push_back({"stranger", refused(signed_fields(region, Who::stranger, key)), "403 AccessDenied"});
    cases.push_back({"reader", refused(signed_fields(region, Who::reader, key)), "403 AccessDenied"});
    cases.push_back({"too long", refused(signed_fields(region, Who::owner, key, length)), "400 EntityTooLarge"});
    cases.push_back({"too short", refused(signed_fields(region, Who::owner, key, length), ""), "400 EntityTooSmall"});
    cases.push_back({"no key", refused(signed_fields(region, Who::owner, {})), "403 AccessDenied"});
    cases.push_back({"no form", form_request("hello"), "400 MalformedPOSTRequest"});
    auto cut = form_body(signed_fields(region, Who::owner, key), "hello");
    cut.resize(cut.size() - 8);
    cases.push_back({"cut", form_request(cut), "400 IncompleteBody"});
    for (auto& each : cases) {
        const auto posted = co_await region.answer(std::move(each.request));
        EXPECT_EQ(outcome_of(posted), each.expected) << each.what << posted.body;
    }
    Fields late = signed_fields(region, Who::owner, key);
    region.wall_ms += 47 * 60 * 1000;
    const auto expired = co_await region.answer(refused(late));
    EXPECT_EQ(text_of(expired, "Message"), "Invalid according to Policy: Policy expired.");
    const auto listed = co_await region.get("/books");
    EXPECT_EQ(texts_of(listed, "Key").size(), 0u);
    const auto none = co_await region.come_to(0);
    EXPECT_TRUE(none);
}

}  // namespace
}  // namespace cloudshelf::objects
