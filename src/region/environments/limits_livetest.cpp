// Goal: as many environments as are allowed, ready ones first, older revisions no longer. Method: a real process that
// sleeps as long as its payload says.
#include "io/background.hpp"
#include "io/process.hpp"
#include "region/environments/site_test.hpp"

#include <boost/asio/co_spawn.hpp>

#include <gmock/gmock.h>
#include <set>

namespace cloudshelf::functions {
namespace {

using namespace std::chrono_literals;
using testing::call;
using testing::HostPtr;
using testing::Site;
using testing::with_host;

/// Invocations that go on beside the test.
class Beside {
public:
    explicit Beside(HostPtr host) : host_(std::move(host)) {}

    io::Task<void> start(std::shared_ptr<Runnable> code, std::string payload) {
        const auto executor = co_await boost::asio::this_coro::executor;
        ++open_;
        boost::asio::co_spawn(
            executor,
            call(host_, code, std::move(payload)),
            [this](std::exception_ptr, Outcome outcome) {
                --open_;
                payloads.push_back(outcome.payload);
            }
        );
    }
    io::Task<void> end() {
        while (open_ > 0) co_await io::wait_for(1ms);
    }
    std::vector<std::string> payloads;

private:
    HostPtr host_;
    int open_ = 0;
};

template <class Condition>
io::Task<bool> becomes(Condition condition) {
    const auto limit = io::Deadline::after(10s);
    while (!condition() && !limit.passed()) co_await io::wait_for(1ms);
    co_return condition();
}

TEST(Limits, OneInvocationForEachProcess) {
    const Site site;
    auto code = site.probe();
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        Beside beside(host);
        for (int i = 0; i < 5; ++i) co_await beside.start(code, "sleep 100");
        co_await beside.end();
        EXPECT_EQ(host->metrics().environments_started, 5u);
        // The one used last is used again: the others may grow old.
        std::set<std::string> used;
        for (int i = 0; i < 20; ++i) {
            const auto is_rested = [&] { return host->metrics().idle == 5; };
            const bool rested = co_await becomes(is_rested);
            EXPECT_TRUE(rested);
            const auto answer = co_await call(host, code, "pid");
            used.insert(answer.payload);
        }
        EXPECT_EQ(used.size(), 1u);
        EXPECT_EQ(host->metrics().environments_started, 5u);
    });
}

TEST(Limits, RefusesMoreThanTheHostTakes) {
    Site site;
    site.options.environments_max = 2;
    auto code = site.probe();
    auto other = site.probe("other");
    with_host(site.options, [code, other](HostPtr host) -> io::Task<void> {
        Beside beside(host);
        for (int i = 0; i < 2; ++i) co_await beside.start(code, "sleep 200");
        const auto refused = co_await call(host, code, "x");
        EXPECT_EQ(refused.payload, "functions.throttled");
        co_await beside.end();
        // Idle ones of another function make room.
        const auto answer = co_await call(host, other, "echo room");
        EXPECT_EQ(answer.payload, "room");
        EXPECT_EQ(host->metrics().throttles, 1u);
    });
}

TEST(Limits, KeepsWhatIsReserved) {
    Site site;
    site.options.environments_max = 3;
    auto reserved = site.probe("reserved");
    auto other = site.probe("other");
    with_host(site.options, [reserved, other](HostPtr host) -> io::Task<void> {
        host->reserve("reserved", 2);
        Beside beside(host);
        co_await beside.start(other, "sleep 200");
        const auto refused = co_await call(host, other, "x");
        EXPECT_EQ(refused.payload, "functions.throttled");
        co_await beside.start(reserved, "sleep 200");
        co_await beside.start(reserved, "sleep 200");
        const auto beyond = co_await call(host, reserved, "x");
        EXPECT_EQ(beyond.payload, "functions.throttled");
        co_await beside.end();
        EXPECT_THAT(beside.payloads, ::testing::Each("slept"));
        host->reserve("reserved", 0);
        const auto none = co_await call(host, reserved, "x");
        EXPECT_EQ(none.payload, "functions.throttled");
        host->reserve("reserved", std::nullopt);
        const auto again = co_await call(host, reserved, "echo again");
        EXPECT_EQ(again.payload, "again");
    });
}

TEST(Limits, EndsWhatIsIdle) {
    Site site;
    site.options.idle_limit = 50ms;
    auto code = site.probe();
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        static_cast<void>(co_await call(host, code, "x"));
        const auto is_ended = [&] {
            return host->metrics().idle + host->metrics().resting + host->metrics().ending == 0;
        };
        const bool ended = co_await becomes(is_ended);
        EXPECT_TRUE(ended);
        const auto answer = co_await call(host, code, "count");
        EXPECT_EQ(answer.payload, "1");
    });
}

TEST(Limits, UpdatesDrainTheOlderRevision) {
    const Site site;
    auto older = site.probe();
    auto newer = site.probe();
    newer->revision = "r2";
    with_host(site.options, [older, newer](HostPtr host) -> io::Task<void> {
        const auto idle = co_await call(host, older, "pid");
        Beside beside(host);
        co_await beside.start(older, "sleep 200");
        co_await beside.start(older, "sleep 200");
        const auto is_at_work = [&] { return host->metrics().busy == 2 && host->metrics().starting == 0; };
        const bool at_work = co_await becomes(is_at_work);
        EXPECT_TRUE(at_work);
        host->retire("probe", "$LATEST", "r2");
        const auto answer = co_await call(host, newer, "count");
        EXPECT_EQ(answer.payload, "1");
        co_await beside.end();
        EXPECT_THAT(beside.payloads, ::testing::Each("slept"));
        const auto is_alone = [&] { return host->metrics().ending == 0; };
        const bool alone = co_await becomes(is_alone);
        EXPECT_TRUE(alone);
        EXPECT_EQ(host->metrics().idle + host->metrics().resting, 1u);
        EXPECT_FALSE(io::is_running(std::atoi(idle.payload.c_str())));
    });
}

TEST(Limits, KeepsProvisionedOnesUp) {
    const Site site;
    auto code = site.probe();
    code->version = "1";
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        host->provision(code, 3);
        EXPECT_EQ(host->provisioned("probe", "1").requested, 3u);
        const auto all = [&] { return host->provisioned("probe", "1").available == 3; };
        const bool up = co_await becomes(all);
        EXPECT_TRUE(up);
        const auto answer = co_await call(host, code, "environment");
        EXPECT_THAT(answer.payload, ::testing::HasSubstr("AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency"));
        EXPECT_EQ(answer.init_duration, 0ns);
        EXPECT_EQ(host->metrics().cold_starts, 0u);
        for (int i = 0; i < 3; ++i) {
            static_cast<void>(co_await call(host, code, "exit 1"));
            const bool again = co_await becomes(all);
            EXPECT_TRUE(again);
        }
        host->provision(code, 1);
        const auto is_fewer = [&] { return host->metrics().provisioned == 1 && host->metrics().ending == 0; };
        const bool fewer = co_await becomes(is_fewer);
        EXPECT_TRUE(fewer);
        host->provision(code, 0);
        EXPECT_EQ(host->provisioned("probe", "1").requested, 0u);
        const auto is_none = [&] { return host->metrics().provisioned == 0 && host->metrics().ending == 0; };
        const bool none = co_await becomes(is_none);
        EXPECT_TRUE(none);
    });
}

TEST(Limits, TellsWhyProvisionedOnesDoNotComeUp) {
    const Site site;
    auto code = site.probe("broken", "exit 9");
    code->version = "1";
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        host->provision(code, 1);
        const auto is_told = [&] { return !host->provisioned("broken", "1").failure.empty(); };
        const bool told = co_await becomes(is_told);
        EXPECT_TRUE(told);
        EXPECT_THAT(host->provisioned("broken", "1").failure, ::testing::HasSubstr("exit status 9"));
        // With pauses that grow, not as fast as it goes.
        co_await io::wait_for(600ms);
        EXPECT_LE(host->metrics().environments_started, 5u);
    });
}

TEST(Limits, StopsWhenInvocationsHaveEnded) {
    const Site site;
    auto code = site.probe();
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        static_cast<void>(co_await call(host, code, "x"));
        Beside beside(host);
        co_await beside.start(code, "sleep 200");
        co_await host->stop(io::Deadline::after(5s));
        co_await beside.end();
        EXPECT_THAT(beside.payloads, ::testing::ElementsAre("slept"));
        const auto refused = co_await call(host, code, "x");
        EXPECT_EQ(refused.payload, "functions.stopping");
    });
}

TEST(Limits, StopsThoughInvocationsGoOn) {
    const Site site;
    auto code = site.probe();
    code->timeout = 60s;
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        static_cast<void>(co_await call(host, code, "x"));
        Beside beside(host);
        co_await beside.start(code, "late 60000");
        const auto began = io::now();
        co_await host->stop(io::Deadline::after(50ms));
        co_await beside.end();
        EXPECT_LT(io::now() - began, 5s);
        EXPECT_THAT(beside.payloads, ::testing::ElementsAre("functions.stopping"));
    });
}

}  // namespace
}  // namespace cloudshelf::functions
