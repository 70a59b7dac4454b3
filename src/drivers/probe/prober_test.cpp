#include "drivers/probe/prober.hpp"

#include "drivers/probe/rounds.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "support/async.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <deque>
#include <map>

namespace cloudshelf::probe {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using core::Observation;
using core::ProbeId;
using namespace std::chrono_literals;
using io::Task;

constexpr const char* address = "127.230.9.1";
const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nall ok";
constexpr Limits short_limits{.connect = 200ms, .status = 200ms, .body = 200ms};

/// Answers each request with the next of its texts (the last again and again), as one is told to: whole, in slices,
/// or not at all where the text is empty.
class Imposter {
public:
    enum class Then { keep, close };
    Imposter(io::Executor executor, std::deque<std::string> answers, Then then = Then::keep)
        : acceptor_(executor, tcp::endpoint(asio::ip::make_address(address), 0)),
          answers_(std::move(answers)),
          then_(then) {
        io::run_in_background(executor, accept());
    }
    io::Endpoint endpoint() const { return {.address = address, .port = acceptor_.local_endpoint().port()}; }
    void close() { acceptor_.close(); }

    int connections = 0;
    std::vector<std::string> requests;

private:
    Task<void> accept() {
        for (;;) {
            boost::system::error_code problem;
            tcp::socket socket(acceptor_.get_executor());
            co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, problem));
            if (problem) co_return;
            ++connections;
            socket.set_option(tcp::no_delay(true));
            io::run_in_background(acceptor_.get_executor(), serve(std::move(socket)));
        }
    }
    Task<void> serve(tcp::socket socket) {
        std::string received;
        boost::system::error_code problem;
        for (;;) {
            const std::size_t size = co_await asio::async_read_until(
                socket, asio::dynamic_buffer(received), "\r\n\r\n", asio::redirect_error(asio::use_awaitable, problem)
            );
            if (problem) co_return;
            requests.push_back(received.substr(0, size));
            received.erase(0, size);
            const std::string answer = answers_.front();
            if (answers_.size() > 1) answers_.pop_front();
            for (std::size_t at = 0; at < answer.size(); at += 10) {
                const std::string slice = answer.substr(at, 10);
                co_await asio::async_write(
                    socket, asio::buffer(slice), asio::redirect_error(asio::use_awaitable, problem)
                );
                if (problem) co_return;
            }
            if (then_ == Then::close) co_return;
        }
    }
    tcp::acceptor acceptor_;
    std::deque<std::string> answers_;
    Then then_;
};

/// A prober whose results can be awaited.
class Looker {
public:
    explicit Looker(io::Executor executor, Prober::Options options = {})
        : told_(executor), prober_(executor, options, [this](ProbeId id, const ProbeResult& result) {
              results_.emplace_back(id, result);
              told_.cancel();
          }) {}

    Prober& prober() { return prober_; }
    Task<ProbeResult> look(ProbeId id) {
        EXPECT_TRUE(prober_.begin(id));
        const auto all = co_await results(1);
        co_return all[0].second;
    }
    /// Once there are `count` of them; the test's own time limit ends a wait in vain.
    Task<std::vector<std::pair<ProbeId, ProbeResult>>> results(std::size_t count) {
        while (results_.size() < count) {
            told_.expires_at(asio::steady_timer::time_point::max());
            boost::system::error_code ignored;
            co_await told_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        co_return std::exchange(results_, {});
    }

private:
    asio::steady_timer told_;
    std::vector<std::pair<ProbeId, ProbeResult>> results_;
    Prober prober_;
};

Task<ProbeResult> look_once(Target target) {
    const auto executor = co_await asio::this_coro::executor;
    Looker looker(executor);
    const auto id = looker.prober().add(std::move(target));
    const ProbeResult result = co_await looker.look(id.value());
    co_return result;
}

ASYNC_TEST(Prober, PassesAGoodAnswerInPiecesOverAFreshConnectionEach) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, {good});
    Looker looker(executor);
    const auto id = looker.prober().add({.endpoint = imposter.endpoint(), .host = "api.example", .search = "ok"});
    for (int i = 0; i < 3; ++i) {
        const auto result = co_await looker.look(id.value());
        EXPECT_EQ(result.observation, Observation::passed);
        EXPECT_EQ(result.status, 200);
        EXPECT_FALSE(result.reused);
        EXPECT_GT(result.connected, 0ns);
        EXPECT_GE(result.first_answer, result.connected);
        EXPECT_GE(result.took, result.first_answer);
    }
    EXPECT_EQ(imposter.connections, 3);
    REQUIRE(imposter.requests.size() == 3);
    EXPECT_TRUE(imposter.requests[0].starts_with("GET / HTTP/1.1\r\nHost: api.example:"));
    EXPECT_TRUE(imposter.requests[0].contains("Connection: close\r\n"));
    imposter.close();
}

ASYNC_TEST(Prober, KeepsAConnectionAndReplacesOneThatWasClosed) {
    const auto executor = co_await asio::this_coro::executor;
    for (const auto then : {Imposter::Then::keep, Imposter::Then::close}) {
        Imposter imposter(executor, {good}, then);
        Looker looker(executor);
        const auto id =
            looker.prober().add({.endpoint = imposter.endpoint(), .search = "ok", .connections = Connections::kept});
        for (int i = 0; i < 3; ++i) {
            const auto result = co_await looker.look(id.value());
            EXPECT_EQ(result.observation, Observation::passed);
            EXPECT_EQ(result.reused, i > 0 && then == Imposter::Then::keep);
        }
        EXPECT_EQ(imposter.connections, then == Imposter::Then::keep ? 1 : 3);
        imposter.close();
    }
}

// Goal: targets at one endpoint share what is kept, one look at a time: two at once need two connections, no more.
ASYNC_TEST(Prober, SharesKeptConnections) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, {good});
    Looker looker(executor);
    std::vector<ProbeId> ids;
    for (const char* path : {"/a", "/b", "/c"}) {
        const auto id =
            looker.prober().add({.endpoint = imposter.endpoint(), .path = path, .connections = Connections::kept});
        ids.push_back(id.value());
    }
    for (int round = 0; round < 2; ++round) {
        for (const auto id : ids) {
            const auto result = co_await looker.look(id);
            EXPECT_EQ(result.observation, Observation::passed);
        }
    }
    EXPECT_EQ(imposter.connections, 1);
    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(looker.prober().begin(ids[0]) && looker.prober().begin(ids[1]));
        const auto both = co_await looker.results(2);
        for (const auto& [id, result] : both) EXPECT_EQ(result.observation, Observation::passed);
    }
    EXPECT_EQ(imposter.connections, 2);
    for (const auto id : ids) looker.prober().remove(id);
    EXPECT_EQ(looker.prober().under_way(), 0u);
    imposter.close();
}

ASYNC_TEST(Prober, LooksAgainWhenTheKeptConnectionHadBeenIdleTooLong) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, {good, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", good});
    Looker looker(executor);
    const auto id = looker.prober().add({.endpoint = imposter.endpoint(), .connections = Connections::kept});
    for (int i = 0; i < 2; ++i) {
        const auto result = co_await looker.look(id.value());
        EXPECT_EQ(result.observation, Observation::passed);
        EXPECT_FALSE(result.reused);
    }
    EXPECT_EQ(imposter.connections, 2);
    imposter.close();
}

// Goal: each way to fail is told apart. Method: an imposter for each.
ASYNC_TEST(Prober, SaysWhatWasWrong) {
    const auto executor = co_await asio::this_coro::executor;
    const std::map<std::string, Observation> answers{
        {"", Observation::answer_timed_out},
        {"HTTP/1.1 200 OK\r\nContent-", Observation::answer_timed_out},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall ok", Observation::answer_timed_out},
        {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", Observation::bad_status},
        {"HTTP/1.1 301 Moved\r\nContent-Length: 2\r\n\r\nok", Observation::passed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", Observation::search_missing},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok", Observation::search_missing},
        {"220 mail.example ESMTP\r\n", Observation::bad_answer},
    };
    for (const auto& [answer, expected] : answers) {
        Imposter imposter(executor, {answer});
        Target target{.endpoint = imposter.endpoint(), .search = "ok", .limits = short_limits};
        const auto result = co_await look_once(std::move(target));
        EXPECT_EQ(result.observation, expected) << answer << " " << core::name(result.observation);
        imposter.close();
    }
    for (const std::string cut : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall ok"}) {
        Imposter imposter(executor, {cut}, Imposter::Then::close);
        Target target{.endpoint = imposter.endpoint(), .search = "ok"};
        const auto result = co_await look_once(std::move(target));
        EXPECT_EQ(result.observation, Observation::closed) << cut;
        imposter.close();
    }
}

ASYNC_TEST(Prober, TcpIsAboutTheConnectionAlone) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, {""});
    const Target target{.type = core::CheckType::tcp, .endpoint = imposter.endpoint()};
    const auto there = co_await look_once(target);
    EXPECT_EQ(there.observation, Observation::passed);
    imposter.close();
    const auto gone = co_await look_once(target);
    EXPECT_EQ(gone.observation, Observation::refused);
}

// Goal: who does not even accept is given up in time. Method: a listener whose queue is full, so that the kernel drops
// what comes after; as many looks as it takes to fill it.
ASYNC_TEST(Prober, GivesUpConnectingInTime) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(executor);
    acceptor.open(tcp::v4());
    acceptor.bind({asio::ip::make_address(address), 0});
    acceptor.listen(1);
    const io::Endpoint full{.address = address, .port = acceptor.local_endpoint().port()};
    Target target{.endpoint = full, .limits = short_limits};
    std::deque<tcp::socket> waiting;
    for (int i = 0; i < 4; ++i) {
        waiting.emplace_back(executor, tcp::v4());
        waiting.back().native_non_blocking(true);
        const auto to = acceptor.local_endpoint();
        ::connect(waiting.back().native_handle(), to.data(), static_cast<socklen_t>(to.size()));
    }
    const auto result = co_await look_once(std::move(target));
    EXPECT_EQ(result.observation, Observation::connect_timed_out);
    EXPECT_GE(result.took, 200ms);
    EXPECT_LT(result.took, 2s);
}

ASYNC_TEST(Prober, ManyTargetsShareFewPlaces) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, {good});
    Looker looker(executor, {.concurrency_max = 3});
    std::vector<ProbeId> ids;
    for (int i = 0; i < 50; ++i) ids.push_back(looker.prober().add({.endpoint = imposter.endpoint()}).value());
    for (const ProbeId id : ids) EXPECT_TRUE(looker.prober().begin(id));
    EXPECT_FALSE(looker.prober().begin(ids[0])) << "its look is not over";
    EXPECT_FALSE(looker.prober().begin(ids[49])) << "not even begun";
    EXPECT_EQ(looker.prober().under_way(), 50U);
    looker.prober().remove(ids[1]);
    looker.prober().remove(ids[48]);
    EXPECT_FALSE(looker.prober().begin(ids[48]));
    const auto results = co_await looker.results(48);
    for (const auto& [id, result] : results) {
        EXPECT_EQ(result.observation, Observation::passed);
        EXPECT_NE(id, ids[1]);
        EXPECT_NE(id, ids[48]);
    }
    imposter.close();
}

ASYNC_TEST(Prober, CanBeLetGoInTheMiddleOfALook) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, {""});
    bool told = false;
    {
        Prober prober(executor, {}, [&](ProbeId, const ProbeResult&) { told = true; });
        const auto id = prober.add({.endpoint = imposter.endpoint()});
        EXPECT_TRUE(prober.begin(id.value()));
    }
    Looker looker(executor);
    const auto id = looker.prober().add({.endpoint = imposter.endpoint(), .limits = short_limits});
    co_await looker.look(id.value());
    EXPECT_FALSE(told);
    imposter.close();
}

ASYNC_TEST(Prober, RefusesTargetsItCannotLookAt) {
    const auto executor = co_await asio::this_coro::executor;
    Prober prober(executor, {}, [](ProbeId, const ProbeResult&) {});
    const io::Endpoint at{.address = address, .port = 80};
    const auto refusal = [&](Target target) { return prober.add(std::move(target)).error().code; };
    EXPECT_EQ(refusal({.type = core::CheckType::https, .endpoint = at}), "probe.unsupported");
    EXPECT_EQ(refusal({.endpoint = {.address = "api.example", .port = 80}}), "probe.bad-target");
    EXPECT_EQ(refusal({.endpoint = {.address = "127.1", .port = 80}}), "probe.bad-target");
    EXPECT_EQ(refusal({.endpoint = at, .path = "health"}), "probe.bad-target");
    EXPECT_EQ(refusal({.endpoint = at, .path = "/ HTTP/1.1\r\nX: y"}), "probe.bad-target");
    EXPECT_EQ(refusal({.endpoint = at, .host = "a\r\nb"}), "probe.bad-target");
    EXPECT_FALSE(prober.begin(ProbeId(7)));
}

// Goal: nothing is told after the end, though looks end in the same turn of the loop. Method: the first one told of
// ends it, with nineteen others about to be.
ASYNC_TEST(Rounds, CanBeLetGoByTheOneThatIsTold) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, {good});
    int told = 0;
    std::optional<Rounds> rounds;
    asio::steady_timer over(executor, asio::steady_timer::time_point::max());
    rounds.emplace(executor, Rounds::Options{.together = 50ms}, [&](ProbeId, const Rounds::Look&) {
        ++told;
        rounds.reset();
        over.cancel();
    });
    for (int i = 0; i < 20; ++i) {
        const auto id = rounds->add({.endpoint = imposter.endpoint()}, 50ms, core::ProbePacing::after_answer);
        EXPECT_TRUE(id);
    }
    boost::system::error_code ignored;
    co_await over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    Looker looker(executor);
    const auto id = looker.prober().add({.endpoint = imposter.endpoint()});
    for (int i = 0; i < 3; ++i) co_await looker.look(id.value());
    EXPECT_EQ(told, 1);
    imposter.close();
}

// Goal: the schedule, the prober and the state machine together. Method: an endpoint that goes away and comes back.
ASYNC_TEST(Rounds, FollowAnEndpointDownAndUpAgain) {
    const auto executor = co_await asio::this_coro::executor;
    const std::string bad = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
    Imposter imposter(executor, {good, good, bad, bad, bad, good});
    core::HealthChecks checks;
    const core::CheckName api("api");
    REQUIRE(checks.put({.name = api, .interval = 10ms, .failure_threshold = 3}, io::now()));
    std::vector<core::HealthStatus> statuses;
    asio::steady_timer changed(executor, asio::steady_timer::time_point::max());
    Rounds rounds(executor, {}, [&](ProbeId, const Rounds::Look& look) {
        for (const auto& change : checks.saw(api, core::VantageName("here"), look.result.observation, io::now())) {
            statuses.push_back(change.status);
            if (statuses.size() == 2) changed.cancel();
        }
    });
    const auto id = rounds.add({.endpoint = imposter.endpoint()}, 10ms, core::ProbePacing::after_answer);
    REQUIRE(id);
    boost::system::error_code ignored;
    co_await changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    EXPECT_EQ(statuses, (std::vector{core::HealthStatus::unhealthy, core::HealthStatus::healthy}));
    EXPECT_GE(imposter.connections, 8);
    rounds.remove(*id);
    imposter.close();
}

}  // namespace
}  // namespace cloudshelf::probe
