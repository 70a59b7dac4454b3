// Goal: packages come out of buckets and records go into them, and what that service refuses is told. Method: as
// service_test, with an HTTP server that stands for the service of objects.
#include "region/functions/service_test.hpp"

#include <boost/asio/this_coro.hpp>

#include <map>
#include <memory>

namespace cloudshelf::functions {
namespace {

/// Takes and gives objects by their targets; does not look at signatures, but wants one.
struct Bucket {
    explicit Bucket(const io::Executor& executor) {
        io::HttpServer::Options options{.listen = {"127.69.252.1", 0}};
        server = std::make_unique<io::HttpServer>(executor, options, [this](io::HttpRequest request) {
            return answer(std::move(request));
        });
    }
    io::Task<io::HttpResponse> answer(io::HttpRequest request) {
        EXPECT_TRUE(request.header("Authorization").contains("/us-east-1/s3/aws4_request"));
        if (away) co_return io::HttpResponse::text(503, "<Error><Code>SlowDown</Code><Message>later</Message></Error>");
        if (request.method == "PUT") {
            objects[request.target] = request.body;
            co_return io::HttpResponse::text(200, "");
        }
        const auto found = objects.find(request.target);
        if (found != objects.end()) co_return io::HttpResponse::text(200, found->second);
        co_return io::HttpResponse::text(404, "<Error><Code>NoSuchKey</Code><Message>It is not here</Message></Error>");
    }

    std::map<std::string, std::string> objects;
    bool away = false;
    std::unique_ptr<io::HttpServer> server;
};

std::string code_in(std::string_view key, std::string_view version = {}) {
    std::string body = R"({"S3Bucket":"code","S3Key":")" + std::string(key) + "\"";
    if (!version.empty()) body += R"(,"S3ObjectVersion":")" + std::string(version) + "\"";
    return body + "}";
}

ASYNC_TEST(Objects, GivePackagesAndTakeRecords) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Bucket bucket(executor);
    REQUIRE(bucket.server->start());
    Region region(executor);
    region.adjust = [&bucket](ServiceOptions& options) {
        options.objects = io::Endpoint{.address = "127.69.252.1", .port = bucket.server->port()};
        options.profile = "admin";
    };
    REQUIRE(co_await region.start());
    const auto zip = testing::package({{.name = "a", .content = "x"}});
    bucket.objects["/code/carts%20v2.zip?versionId=7"] = zip;
    bucket.objects["/code/no.zip"] = "no zip";
    co_await region.create("carts", R"(,"DeadLetterConfig":{"TargetArn":"arn:aws:s3:::failed"})");
    const std::string code = "/2015-03-31/functions/carts/code";
    auto answer = co_await region.call("PUT", code, code_in("carts v2.zip", "7"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(json(answer).at("CodeSize"), zip.size());
    answer = co_await region.call("PUT", code, code_in("none.zip"));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(
        json(answer).at("message"),
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: It is not here"
    );
    EXPECT_EQ(error_of(co_await region.call("PUT", code, code_in("no.zip"))), "InvalidParameterValueException");

    // The bucket is away at first: the record waits.
    bucket.away = true;
    EXPECT_EQ((co_await region.call("PUT", code, code_in("none.zip"))).status, 500);
    region.runner->fails_always = true;
    co_await region.call("PUT", "/2019-09-25/functions/carts/event-invoke-config", R"({"MaximumRetryAttempts":0})");
    co_await region.invoke_later("carts", "[1]");
    REQUIRE(co_await region.ran(1));
    bucket.away = false;
    for (int i = 0; i < 100 && bucket.objects.size() < 3; ++i) {
        region.wall_ms += 50;
        region.service->dispatcher().wake();
        co_await io::wait_for(std::chrono::milliseconds(5));
    }
    REQUIRE(co_await region.settled());
    const auto record = std::ranges::find_if(bucket.objects, [](const auto& each) {
        return each.first.starts_with("/failed/aws/lambda/async/carts/2026/09/21/");
    });
    REQUIRE(record != bucket.objects.end());
    EXPECT_EQ(boost::json::parse(record->second).at("requestPayload").at(0), 1);
    co_await region.stop();
    co_await bucket.server->stop(io::Deadline::after(std::chrono::seconds(1)));
}

}  // namespace
}  // namespace cloudshelf::functions
