#include "io/file.hpp"
#include "region/environments/log_files.hpp"
#include "region/environments/provisions.hpp"
#include "region/environments/users.hpp"
#include "region/environments/variables.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::functions {
namespace {

using namespace std::chrono_literals;

// Goal: a configuration may say what the time zone is, and not which function it is.
TEST(Variables, ComeFromTheHostTheConfigurationAndThePlace) {
    const Runnable code{
        .function = "shop",
        .version = "3",
        .root = "/packages/shop",
        .variables = {{"TZ", "Europe/Berlin"}, {"AWS_LAMBDA_FUNCTION_NAME", "other"}, {"AWS_ENDPOINT_URL", "mine"}},
    };
    const HostOptions options{.region = "us-west-2", .variables = {{"AWS_ENDPOINT_URL", "all"}, {"ALL", "too"}}};
    const Place place{.id = "1-1", .runtime_api = "127.0.0.1:9", .temporary = "/t/1-1"};
    const auto all = variables_of(code, options, place, Reason::provisioned);
    EXPECT_EQ(all.at("TZ"), "Europe/Berlin");
    EXPECT_EQ(all.at("AWS_LAMBDA_FUNCTION_NAME"), "shop");
    EXPECT_EQ(all.at("AWS_ENDPOINT_URL"), "mine");
    EXPECT_EQ(all.at("ALL"), "too");
    EXPECT_EQ(all.at("AWS_REGION"), "us-west-2");
    EXPECT_EQ(all.at("AWS_LAMBDA_RUNTIME_API"), "127.0.0.1:9");
    EXPECT_EQ(all.at("TMPDIR"), "/t/1-1");
    EXPECT_EQ(all.at("AWS_LAMBDA_INITIALIZATION_TYPE"), "provisioned-concurrency");
    EXPECT_FALSE(all.contains("HOME"));
}

TEST(Users, AreGivenOnceAtATime) {
    Users users(500, 2);
    EXPECT_EQ(users.take(), 500u);
    EXPECT_EQ(users.take(), 501u);
    EXPECT_EQ(users.take(), std::nullopt);
    users.give_back(500);
    EXPECT_EQ(users.take(), 500u);
    EXPECT_FALSE(Users(0, 2).are_used());
}

TEST(Provision, WaitsLongerAfterEachFailure) {
    Provision provision;
    provision.failed("first", TimePoint(1s));
    EXPECT_EQ(provision.not_before, TimePoint(1s));  // a good one that ends once is replaced at once
    provision.failed("second", TimePoint(2s));
    EXPECT_EQ(provision.not_before, TimePoint(2s) + 100ms);
    for (int i = 0; i < 20; ++i) provision.failed("again", TimePoint(3s));
    EXPECT_EQ(provision.not_before, TimePoint(3s) + 1min);
    provision.succeeded();
    EXPECT_EQ(provision.failure, "");
    provision.failed("much later", TimePoint(4s));
    EXPECT_EQ(provision.not_before, TimePoint(4s));
}

ASYNC_TEST(LogFiles, KeepOneOlderFileAndABound) {
    const cloudshelf::testing::TemporaryFolder folder;
    io::BlockingPool pool(1);
    LogFiles logs(folder.path(), 100);
    for (const char c : {'a', 'b', 'c'}) {
        logs.append("shop", std::string(60, c));
        co_await logs.flush(&pool);
    }
    logs.append("../up", "stays here");
    logs.append("../up", "");
    co_await logs.flush(&pool);
    EXPECT_EQ(io::read_file(folder / "shop.log"), std::string(60, 'c'));
    EXPECT_EQ(io::read_file(folder / "shop.log.1"), std::string(60, 'b'));
    EXPECT_EQ(io::read_file(folder / "___up.log"), "stays here");
    logs.append("shop", std::string(3 << 20, 'd'));
    EXPECT_EQ(logs.bytes_dropped(), 2u << 20);
    co_await logs.flush(&pool);
    EXPECT_EQ(io::read_file(folder / "shop.log"), std::string(100, 'd'));
}

}  // namespace
}  // namespace cloudshelf::functions
