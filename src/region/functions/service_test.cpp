// Goal: what every request meets before its operation, and what outlives the program. Method: a whole service on a
// temporary folder with a runner that runs nothing, asked with signed requests; only the socket is missing.
#include "region/functions/service_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::functions {
namespace {

ASYNC_TEST(Service, RefusesInOrder) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    auto answer = co_await region.plain("/2015-03-31/chairs");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(error_of(answer), "UnknownOperationException");
    answer = co_await region.plain("/2015-03-31/functions");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(error_of(answer), "MissingAuthenticationTokenException");
    auto guessed = region.admin;
    guessed.secret_access_key = "guessed";
    const Ask list;
    answer = co_await region.answer(list, guessed);
    EXPECT_EQ(error_of(answer), "InvalidSignatureException");
    const Ask create{.method = "POST", .body = "no json"};
    answer = co_await region.answer(create, region.reader);
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(error_of(answer), "AccessDeniedException");
    for (const std::string body : {"no json", "[]"}) {
        answer = co_await region.call("POST", "/2015-03-31/functions", body);
        EXPECT_EQ(error_of(answer), "InvalidRequestContentException") << body;
    }
    answer = co_await region.call("POST", "/2015-03-31/functions", "");
    EXPECT_EQ(error_of(answer), "ValidationException");
    EXPECT_EQ(answer.header("x-amzn-RequestId").size(), 36u);
    answer = co_await region.answer(list, region.reader);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"Functions":[]})");
    co_await region.stop();
}

ASYNC_TEST(Service, KeepsEverythingOverARestart) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    EXPECT_EQ((co_await region.create("carts", R"(,"Publish":true,"Tags":{"a":"b"})")).status, 201);
    const std::string carts = "/2015-03-31/functions/carts";
    co_await region.call("POST", carts + "/aliases", R"({"Name":"live","FunctionVersion":"1"})");
    co_await region.call("PUT", "/2017-10-31/functions/carts/concurrency", R"({"ReservedConcurrentExecutions":3})");
    const std::string provisioned = "/2019-09-30/functions/carts/provisioned-concurrency?Qualifier=live";
    EXPECT_EQ((co_await region.call("PUT", provisioned, R"({"ProvisionedConcurrentExecutions":2})")).status, 202);
    const auto before = co_await region.call("GET", carts + "/configuration?Qualifier=live");
    REQUIRE(co_await region.restart());
    const auto after = co_await region.call("GET", carts + "/configuration?Qualifier=live");
    EXPECT_EQ(after.status, 200);
    EXPECT_EQ(after.body, before.body);
    // The runner is a new one, and was told again.
    EXPECT_EQ(region.runner->reserved["carts"], 3u);
    EXPECT_EQ(region.runner->provisions["carts:1"], 2u);
    const auto answer = co_await region.invoke("carts:live", "[1]");
    EXPECT_EQ(answer.body, "[1]");
    EXPECT_TRUE(std::filesystem::exists(region.runner->runs.at(0).root / "bootstrap"));
    co_await region.stop();
}

ASYNC_TEST(Service, LinksToPackagesEnd) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    const auto told = co_await region.call("GET", "/2015-03-31/functions/carts");
    const auto body = json(told);
    const auto link = text(body.at("Code").at("Location"));
    constexpr std::string_view host = "http://functions";
    REQUIRE(link.starts_with(host));
    const auto target = link.substr(host.size());
    const auto unsigned_target = target.substr(0, target.find('?'));
    auto answer = co_await region.plain(target);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, testing::package());
    answer = co_await region.plain(unsigned_target);
    EXPECT_EQ(answer.status, 403);
    region.wall_ms += 9 * 60'000;
    EXPECT_EQ((co_await region.plain(target)).status, 200);
    region.wall_ms += 2 * 60'000;
    EXPECT_EQ((co_await region.plain(target)).status, 403);
    co_await region.stop();
}

ASYNC_TEST(Service, CollectsPackagesThatNoVersionIsMadeOf) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    const auto second = testing::package({{.name = "a", .content = "x"}});
    co_await region.create("carts");
    co_await region.create("books", "", second);
    co_await region.call("DELETE", "/2015-03-31/functions/carts");
    const auto first = region.service->packages().find(sha256_hex(testing::package()));
    EXPECT_TRUE(first) << "not at once";
    EXPECT_EQ(co_await region.service->collect_packages(), 0u);
    EXPECT_EQ(co_await region.service->collect_packages(), 0u) << "we hold it";
    REQUIRE(co_await region.restart());
    co_await region.service->collect_packages();
    co_await region.service->collect_packages();
    EXPECT_FALSE(std::filesystem::exists(region.folder / "data/packages" / sha256_hex(testing::package())));
    EXPECT_TRUE(region.service->packages().find(sha256_hex(second)));
    co_await region.stop();
}

ASYNC_TEST(Service, TellsHealthAndFigures) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    co_await region.create("carts");
    EXPECT_EQ((co_await region.plain("/-/health")).body, R"({"status":"ok","region":"us-east-1"})");
    const auto page = co_await region.plain("/-/metrics");
    for (const std::string_view line : {
             R"(cloudshelf_functions_requests_total{operation="CreateFunction",error=""} 1)",
             R"(cloudshelf_functions_requests_total{operation="CreateFunction",error="ResourceConflictException"} 1)",
             "cloudshelf_functions_functions 1",
             "cloudshelf_functions_versions 1",
             "cloudshelf_functions_packages 1",
             "cloudshelf_functions_events_queued 0",
         }) {
        EXPECT_TRUE(page.body.contains(line)) << line << "\n" << page.body;
    }
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::functions
