// Goal: customers see what is new in all regions or in none. Method: two Lambda hosts, each `cloudshelf-region
// functions` in a folder of its own, and functions that fail where they are told to.
#include "drivers/functions/deploy.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <csignal>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::functions_client {
namespace {

using namespace std::chrono_literals;

io::Deadline soon() {
    return io::Deadline::after(20s);
}

/// A region's host, gone when this is.
class Region {
public:
    Region(std::string name, int number) : name_(std::move(name)) {
        endpoint_ = {fmt::format("127.61.{}.{}", ::getpid() % 250, number), 9001};
        const auto credentials = fmt::format(
            "[test]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key_.access_key_id, key_.secret_access_key
        );
        EXPECT_TRUE(io::replace_file(folder_ / "credentials", credentials, 0600));
        EXPECT_EQ(::chmod(std::string(folder_ / "").c_str(), 0711), 0);  // functions run as users of their own
        const auto pid = io::spawn({
            .argv =
                {PROGRAMS "/cloudshelf-region",
                 "functions",
                 "--listen",
                 endpoint_.text(),
                 "--region",
                 name_,
                 "--data",
                 folder_ / "data",
                 "--credentials",
                 folder_ / "credentials"},
            .output = folder_ / "log",
            .death_signal = SIGKILL,
        });
        if (!pid) throw std::runtime_error(pid.error().message);
        pid_ = *pid;
    }
    ~Region() {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
        if (::testing::Test::HasFailure()) fmt::print("{}\n", io::read_file(folder_ / "log").value_or("(no log)"));
    }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    Client::Options options() const { return {.endpoint = endpoint_, .region = name_, .credentials = key_}; }
    const std::string& name() const { return name_; }

private:
    testing::TemporaryFolder folder_;
    sigv4::Credentials key_{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "a-secret-of-this-test"};
    std::string name_;
    io::Endpoint endpoint_;
    pid_t pid_ = 0;
};

/// The package of a function that answers in this way.
std::string package(const std::string& how) {
    const testing::TemporaryFolder folder;
    const std::string file = folder / "echo.zip";
    const auto made =
        io::run({.argv = {"python3", SOURCE_ROOT "/tools/package_function.py", ECHO_FUNCTION, how, file}}, 60s);
    EXPECT_TRUE(made && made->status == 0) << (made ? made->err : made.error().message);
    return io::read_file(file, 100 << 20).value_or("");
}

struct Pair {
    explicit Pair(const io::Executor& executor)
        : standby_client(executor, standby.options()), primary_client(executor, primary.options()) {}

    /// The standby's region first.
    std::vector<Target> targets() {
        return {
            {&standby_client, standby.name(), "echo-dr", {{"REGION", standby.name()}}},
            {&primary_client, primary.name(), "echo-primary", {{"REGION", primary.name()}}},
        };
    }
    Region standby{"us-west-2", 2};
    Region primary{"us-east-1", 1};
    Client standby_client;
    Client primary_client;
    std::vector<std::string> steps;
};

Deployment deployment(const std::string& how) {
    return {
        .package = package(how),
        .configuration = {.role = "arn:aws:iam::000000000000:role/test", .variables = {}},
        .smokes = {{.payload = R"({"hello": 1})"}},
        .environments = 1,
        .limit = 30s,
    };
}

io::Task<void> answering(Client* client) {
    for (const auto deadline = soon(); !deadline.passed();) {
        const auto asked = co_await client->get("none", "", io::Deadline::after(1s));
        if (asked) co_return;
        co_await io::wait_for(5ms);
    }
}

io::Task<Result<std::vector<Deployed>>> deploy_to(Pair* pair, Deployment deployment) {
    auto note = [pair](std::string_view region, std::string_view what) {
        pair->steps.push_back(fmt::format("{}: {}", region, what));
    };
    return deploy(pair->targets(), std::move(deployment), nullptr, std::move(note));
}

void silent(std::string_view, std::string_view) {}

std::string error_of(const Result<std::vector<Deployed>>& result) {
    return result ? "" : result.error().code + ": " + result.error().message;
}

io::Task<std::string> version_of(Client* client, std::string function) {
    const auto alias = co_await client->alias(function, "live", soon());
    if (!alias || !*alias) co_return "none";
    co_return (*alias)->version;
}

ASYNC_TEST(Deploy, ShowsWhatIsNewEverywhereOrNowhere) {
    Pair pair(co_await boost::asio::this_coro::executor);
    co_await answering(&pair.standby_client);
    co_await answering(&pair.primary_client);

    auto good = deployment("good");
    const auto first = co_await deploy_to(&pair, good);
    EXPECT_EQ(error_of(first), "");
    REQUIRE(first);
    EXPECT_EQ(first->at(0).version, "1");
    EXPECT_EQ(first->at(0).before, "");
    auto invoked = co_await pair.primary_client.invoke("echo-primary", "live", R"({"a": 1})", soon());
    REQUIRE(invoked);
    EXPECT_EQ(invoked->payload, R"({"statusCode":200,"body":"{\"a\": 1}"})");
    EXPECT_EQ(invoked->executed_version, "1");
    EXPECT_NE(invoked->log.find("how=good"), std::string::npos) << invoked->log;

    const auto again = co_await deploy_to(&pair, good);
    EXPECT_EQ(error_of(again), "");
    REQUIRE(again);
    EXPECT_EQ(again->at(1).version, "1") << "nothing has changed";

    // Somebody else's variable stays, ours follows the configuration.
    auto info = co_await pair.primary_client.get("echo-primary", "", soon());
    REQUIRE(info && *info);
    auto changed = (*info)->configuration;
    changed.variables["FEATURE"] = "on";
    changed.variables["REGION"] = "wrong";
    const auto updated = co_await pair.primary_client.update_configuration("echo-primary", changed, soon());
    REQUIRE(updated);
    const auto settled = co_await pair.primary_client.settled("echo-primary", soon());
    REQUIRE(settled);
    const auto merged = co_await deploy_to(&pair, good);
    EXPECT_EQ(error_of(merged), "");
    REQUIRE(merged);
    info = co_await pair.primary_client.get("echo-primary", "live", soon());
    REQUIRE(info && *info);
    const std::map<std::string, std::string> expected{{"FEATURE", "on"}, {"REGION", "us-east-1"}};
    EXPECT_EQ((*info)->configuration.variables, expected);

    // What fails before an alias moved is seen by nobody.
    const auto before = co_await version_of(&pair.standby_client, "echo-dr");
    for (const char* how : {"bad", "crash", "init"}) {
        const auto refused = co_await deploy_to(&pair, deployment(how));
        REQUIRE(!refused);
        EXPECT_EQ(refused.error().code, "functions.smoke-failed") << how;
        EXPECT_TRUE(refused.error().message.ends_with("no alias was moved")) << refused.error().message;
        const auto version = co_await version_of(&pair.standby_client, "echo-dr");
        EXPECT_EQ(version, before) << how;
    }

    // What fails under the alias goes back.
    const auto back = co_await deploy_to(&pair, deployment("alias"));
    REQUIRE(!back);
    EXPECT_EQ(back.error().code, "functions.smoke-failed");
    EXPECT_NE(back.error().message.find("us-west-2: back at version " + before), std::string::npos)
        << back.error().message;
    const auto version = co_await version_of(&pair.standby_client, "echo-dr");
    EXPECT_EQ(version, before);
    invoked = co_await pair.standby_client.invoke("echo-dr", "live", "{}", soon());
    REQUIRE(invoked);
    EXPECT_EQ(invoked->payload, R"({"statusCode":200,"body":"{}"})");
}

io::Task<Result<void>> refuse(std::shared_ptr<std::vector<std::string>> seen, std::string region, std::string version) {
    seen->push_back(region + " " + version);
    co_return fail("test.errors", "too many errors");
}

ASYNC_TEST(Deploy, CanariesThatFailGoBack) {
    Pair pair(co_await boost::asio::this_coro::executor);
    co_await answering(&pair.standby_client);
    co_await answering(&pair.primary_client);
    const auto first = co_await deploy_to(&pair, deployment("good"));
    EXPECT_EQ(error_of(first), "");
    REQUIRE(first);
    auto shifting = deployment("alias");
    shifting.smokes.clear();
    shifting.canary = {0.25};
    shifting.canary_step = 1ms;
    const auto seen = std::make_shared<std::vector<std::string>>();
    CanaryCheck check = [seen](std::string region, std::string version) {
        return refuse(seen, std::move(region), std::move(version));
    };
    const auto refused = co_await deploy(pair.targets(), shifting, check, silent);
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "functions.canary-failed");
    EXPECT_EQ(*seen, std::vector<std::string>{"us-west-2 2"}) << "one region first, and no other after that";
    const auto alias = co_await pair.standby_client.alias("echo-dr", "live", soon());
    REQUIRE(alias && *alias);
    EXPECT_EQ((*alias)->version, "1");
    EXPECT_TRUE((*alias)->weights.empty());
}

ASYNC_TEST(Deploy, SaysWhichRegionDoesNotAnswer) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Client nobody(executor, {.endpoint = {"127.61.0.1", 1}, .region = "us-west-2"});
    const std::vector<Target> targets{{&nobody, "us-west-2", "echo", {}}};
    Deployment empty{.package = "", .smokes = {}};
    const auto refused = co_await deploy(targets, empty, nullptr, silent);
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "functions.unavailable");
    EXPECT_TRUE(refused.error().message.starts_with("us-west-2: ")) << refused.error().message;
}

}  // namespace
}  // namespace cloudshelf::functions_client
