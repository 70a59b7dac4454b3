#include "controller/health.hpp"

#include "io/http.hpp"
#include "io/tls.hpp"
#include "support/async.hpp"
#include "support/authority.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace cloudshelf::controller {
namespace {

namespace asio = boost::asio;
using core::CheckName;
using core::CheckType;
using core::HealthStatus;
using core::Observation;
using core::VantageName;
using namespace std::chrono_literals;
using io::Task;

constexpr const char* address = "127.77.0.61";
const CheckName api("api");
const CheckName site("site");

/// A service whose health the test decides.
class Service {
public:
    explicit Service(io::Executor executor, std::shared_ptr<io::TlsContext> tls = nullptr)
        : server_(std::move(executor), {.listen = {address, 0}, .tls = std::move(tls)}, [this](io::HttpRequest) {
              return answer();
          }) {
        EXPECT_TRUE(server_.start());
    }
    io::Endpoint endpoint() const { return {address, server_.port()}; }
    Task<void> stop() { return server_.stop(io::Deadline::after(1s)); }

    int status = 200;

private:
    Task<io::HttpResponse> answer() { co_return io::HttpResponse::text(status, "all ok"); }
    io::HttpServer server_;
};

/// What a checker told, and a way to wait for it.
class Listener {
public:
    explicit Listener(io::Executor executor) : told_(std::move(executor)) {}

    HealthChecker::Told told() {
        return {
            .changed =
                [this](const core::StatusChange& change) {
                    changes.push_back(change);
                    told_.cancel();
                },
            .saw =
                [this](const CheckName&, Observation observation) {
                    seen.push_back(observation);
                    told_.cancel();
                },
        };
    }
    /// Once at least so many changes and looks were told; the test's own time limit ends a wait in vain.
    Task<void> until(std::size_t changes_min, std::size_t looks_min) {
        while (changes.size() < changes_min || seen.size() < looks_min) {
            told_.expires_at(asio::steady_timer::time_point::max());
            boost::system::error_code ignored;
            co_await told_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }

    core::StatusChanges changes;
    std::vector<Observation> seen;

private:
    asio::steady_timer told_;
};

core::CheckOptions fast(CheckName name, CheckType type = CheckType::http) {
    return {.name = std::move(name), .type = type, .interval = 10ms, .search = "ok"};
}

HealthChecker::Options at_home(std::vector<HealthChecker::Check> checks) {
    return {.here = VantageName("us-west-2"), .checks = std::move(checks)};
}

ASYNC_TEST(HealthChecker, FollowsAServiceDownAndUpAndTellsWhoCountsIt) {
    const auto executor = co_await asio::this_coro::executor;
    Service service(executor);
    Listener listener(executor);
    const core::CheckOptions counting{.name = site, .type = CheckType::calculated, .children = {api}};
    // The one that counts comes first in the list: the order is not the caller's to know.
    auto started = HealthChecker::start(
        executor,
        at_home({{.options = counting}, {.options = fast(api), .target = probe::Target{.endpoint = service.endpoint()}}}
        ),
        listener.told()
    );
    REQUIRE(started);
    const HealthChecker& checker = **started;
    EXPECT_EQ(checker.status()[1].latest, std::nullopt);
    co_await listener.until(0, 3);
    auto status = checker.status();
    REQUIRE(status.size() == 2);
    EXPECT_EQ(status[0].name, site);
    EXPECT_EQ(status[1].status, HealthStatus::healthy);
    EXPECT_EQ(status[1].latest, Observation::passed);
    EXPECT_EQ(status[1].last_failure, std::nullopt);
    REQUIRE(status[1].latency);
    EXPECT_GT(*status[1].latency, 0ns);
    EXPECT_EQ(status[1].certificate_days, std::nullopt);
    EXPECT_TRUE(listener.changes.empty());

    service.status = 503;
    co_await listener.until(2, 0);
    status = checker.status();
    EXPECT_EQ(status[0].status, HealthStatus::unhealthy);
    EXPECT_EQ(status[1].status, HealthStatus::unhealthy);
    EXPECT_EQ(status[1].last_failure, Observation::bad_status);
    service.status = 200;
    co_await listener.until(4, 0);
    const core::StatusChanges expected{
        {api, HealthStatus::unhealthy},
        {site, HealthStatus::unhealthy},
        {api, HealthStatus::healthy},
        {site, HealthStatus::healthy},
    };
    EXPECT_EQ(listener.changes, expected);
    started->reset();
    co_await service.stop();
}

ASYNC_TEST(HealthChecker, CountsWhatOtherSitesSaw) {
    const auto executor = co_await asio::this_coro::executor;
    Service service(executor);
    service.status = 503;
    Listener listener(executor);
    auto options = fast(api);
    options.quorum = core::QuorumRule::majority;
    auto started = HealthChecker::start(
        executor,
        at_home({{.options = options, .target = probe::Target{.endpoint = service.endpoint()}}}),
        listener.told()
    );
    REQUIRE(started);
    HealthChecker& checker = **started;
    for (const char* vantage : {"us-east-1", "us-east-2"}) {
        for (int i = 0; i < 3; ++i) checker.saw_elsewhere(VantageName(vantage), api, Observation::passed);
        checker.saw_elsewhere(VantageName(vantage), CheckName("removed"), Observation::passed);
    }
    co_await listener.until(0, 4);
    EXPECT_TRUE(listener.changes.empty()) << "two of three see it";
    EXPECT_EQ(checker.status()[0].last_failure, Observation::bad_status);
    for (int i = 0; i < 3; ++i) checker.saw_elsewhere(VantageName("us-east-1"), api, Observation::refused);
    EXPECT_EQ(checker.status()[0].status, HealthStatus::unhealthy);
    EXPECT_EQ(listener.changes, (core::StatusChanges{{api, HealthStatus::unhealthy}}));
    started->reset();
    co_await service.stop();
}

ASYNC_TEST(HealthChecker, WarnsOfACertificateAndFailsWhereAsked) {
    const auto executor = co_await asio::this_coro::executor;
    const testing::Authority authority;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    io::TlsContext::Options tls{.identity = authority.issue("api", {}, {now - 1h, now + 10 * 24h - 1h})};
    tls.client_certificate = io::TlsContext::ClientCertificate::not_asked;
    const auto context = io::TlsContext::open(std::move(tls));
    REQUIRE(context);
    Service service(executor, *context);
    Listener listener(executor);
    const probe::Target target{.endpoint = service.endpoint(), .connections = probe::Connections::kept};
    auto strict = fast(site, CheckType::https);
    strict.certificate_failure = std::chrono::days(14);
    auto started = HealthChecker::start(
        executor,
        at_home({{.options = fast(api, CheckType::https), .target = target}, {.options = strict, .target = target}}),
        listener.told()
    );
    REQUIRE(started);
    co_await listener.until(1, 8);
    EXPECT_EQ(listener.changes, (core::StatusChanges{{site, HealthStatus::unhealthy}}));
    const auto status = (*started)->status();
    EXPECT_EQ(status[0].status, HealthStatus::healthy);
    EXPECT_EQ(status[0].latest, Observation::passed);
    EXPECT_EQ(status[0].certificate_days, 9);
    EXPECT_TRUE(status[0].certificate_warning);
    EXPECT_EQ(status[1].last_failure, Observation::certificate_expiring);
    started->reset();
    co_await service.stop();
}

ASYNC_TEST(HealthChecker, ListensToAlarmsAndCanBeLetGoByTheOneThatIsTold) {
    const auto executor = co_await asio::this_coro::executor;
    const core::CheckOptions follows{.name = api, .type = CheckType::alarm, .alarm = "latency"};
    const core::CheckOptions counts{.name = site, .type = CheckType::calculated, .children = {api}};
    std::unique_ptr<HealthChecker> checker;
    int told = 0;
    auto started = HealthChecker::start(
        executor,
        at_home({{.options = follows}, {.options = counts}}),
        {.changed =
             [&](const core::StatusChange& change) {
                 EXPECT_EQ(change.check, api);
                 ++told;
                 checker.reset();
             }}
    );
    REQUIRE(started);
    checker = std::move(*started);
    checker->alarm_is("other", core::AlarmState::alarm);
    EXPECT_EQ(told, 0);
    checker->alarm_is("latency", core::AlarmState::alarm);
    EXPECT_EQ(told, 1);
}

ASYNC_TEST(HealthChecker, RefusesChecksThatCannotBe) {
    const auto executor = co_await asio::this_coro::executor;
    const probe::Target target{.endpoint = {.address = address, .port = 80}};
    const auto refusal = [&](std::vector<HealthChecker::Check> checks) {
        const auto started =
            HealthChecker::start(executor, at_home(std::move(checks)), {.changed = [](const auto&) {}});
        return started ? "" : started.error().code;
    };
    EXPECT_EQ(refusal({}), "");
    EXPECT_EQ(refusal({{.options = fast(api)}}), "health.no-target");
    EXPECT_EQ(refusal({{.options = fast(CheckName("")), .target = target}}), "health.bad-check");
    const HealthChecker::Check good{.options = fast(api), .target = target};
    EXPECT_EQ(refusal({good, good}), "health.name-twice");
    const core::CheckOptions question{.name = api, .type = CheckType::dns, .interval = 10ms};
    EXPECT_EQ(refusal({{.options = question, .target = target}}), "probe.bad-target") << "nothing is asked";
    const core::CheckOptions lost{.name = site, .type = CheckType::calculated, .children = {api}};
    EXPECT_EQ(refusal({{.options = lost}}), "health.no-child");
}

}  // namespace
}  // namespace cloudshelf::controller
