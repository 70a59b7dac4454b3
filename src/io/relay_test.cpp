#include "io/relay.hpp"

#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr const char* address = "127.46.0.2";

Task<HttpResponse> echo(HttpRequest request) {
    HttpResponse response = HttpResponse::text(200, request.target + " " + request.body);
    co_return response;
}

/// A server, and a road to it.
struct Road {
    explicit Road(const Executor& executor)
        : there(std::make_shared<LinkWay>()),
          back(std::make_shared<LinkWay>()),
          server(executor, {.listen = {address, 0}}, echo) {
        EXPECT_TRUE(server.start());
        relay = std::make_unique<Relay>(
            executor,
            Relay::Options{.listen = {address, 0}, .to = {address, server.port()}, .there = there, .back = back}
        );
        EXPECT_TRUE(relay->start());
    }
    Endpoint entry() const { return {address, relay->port()}; }

    std::shared_ptr<LinkWay> there;
    std::shared_ptr<LinkWay> back;
    HttpServer server;
    std::unique_ptr<Relay> relay;
};

HttpRequest get(std::string target) {
    return {.target = std::move(target)};
}

// Goal: what goes in comes out, whole and counted, in slices too.
ASYNC_TEST(Relay, HandsOn) {
    const auto executor = co_await asio::this_coro::executor;
    Road road(executor);
    HttpClient client(executor);
    road.there->weather.slice = 7;
    road.back->weather = {.jitter = 1ms, .slice = 3};
    const std::string body(20'000, 'x');
    HttpRequest request{.method = "POST", .target = "/a", .body = body};
    const auto answer = co_await client.send(road.entry(), std::move(request), Deadline::after(10s));
    REQUIRE(answer);
    EXPECT_EQ(answer->body, "/a " + body);
    EXPECT_GT(road.there->bytes_passed, body.size());
    EXPECT_EQ(road.there->bytes_held, 0u);
    EXPECT_EQ(road.relay->connections(), 1u);
    road.relay->reset();
    EXPECT_EQ(road.relay->connections(), 0u);
}

// Goal: a delay is a delay, each way.
ASYNC_TEST(Relay, Delays) {
    const auto executor = co_await asio::this_coro::executor;
    Road road(executor);
    HttpClient client(executor);
    road.there->weather.delay = 20ms;
    road.back->weather.delay = 30ms;
    const TimePoint begun = now();
    const auto answer = co_await client.send(road.entry(), get("/a"), Deadline::after(5s));
    REQUIRE(answer);
    EXPECT_GE(now() - begun, 50ms);
}

// Goal: while a way is cut nothing passes and nothing is closed; what was under way arrives when it heals.
ASYNC_TEST(Relay, CutsAndHeals) {
    const auto executor = co_await asio::this_coro::executor;
    Road road(executor);
    HttpClient client(executor, {.reuse_connections = false});
    road.back->weather.cut = true;  // one way: the server does the work, nobody hears of it
    road.there->weather.cut = true;
    const auto unheard = co_await client.send(road.entry(), get("/a"), Deadline::after(50ms));
    REQUIRE(!unheard);
    EXPECT_EQ(unheard.error().code, "io.timeout");
    EXPECT_EQ(road.there->bytes_passed, 0u);
    road.there->weather.cut = false;
    road.back->weather.cut = false;
    const auto healed = co_await client.send(road.entry(), get("/b"), Deadline::after(5s));
    REQUIRE(healed);
    EXPECT_EQ(healed->body, "/b ");
}

// Goal: an established connection that is cut one way holds the answer, and brings it when the way heals.
ASYNC_TEST(Relay, HoldsOneWay) {
    const auto executor = co_await asio::this_coro::executor;
    Road road(executor);
    HttpClient client(executor);
    const auto first = co_await client.send(road.entry(), get("/a"), Deadline::after(5s));
    REQUIRE(first);
    road.back->weather.cut = true;
    asio::co_spawn(
        executor,
        [](std::shared_ptr<LinkWay> back) -> Task<void> {
            for (const auto limit = Deadline::after(5s); back->bytes_held == 0 && !limit.passed();)
                co_await wait_for(1ms);
            EXPECT_GT(back->bytes_held, 0u);
            back->weather.cut = false;
        }(road.back),
        asio::detached
    );
    const auto second = co_await client.send(road.entry(), get("/b"), Deadline::after(10s));
    REQUIRE(second);
    EXPECT_EQ(second->body, "/b ");
    EXPECT_EQ(road.back->bytes_held, 0u);
}

// Goal: nobody at the other end: the caller learns at once, not at its deadline.
ASYNC_TEST(Relay, RefusesWhereNobodyListens) {
    const auto executor = co_await asio::this_coro::executor;
    Relay relay(
        executor,
        {.listen = {address, 0},
         .to = {address, 1},
         .there = std::make_shared<LinkWay>(),
         .back = std::make_shared<LinkWay>()}
    );
    REQUIRE(relay.start());
    HttpClient client(executor);
    const TimePoint begun = now();
    const Endpoint entry{address, relay.port()};
    const auto answer = co_await client.send(entry, get("/a"), Deadline::after(5s));
    EXPECT_FALSE(answer);
    EXPECT_LT(now() - begun, 4s);
}

}  // namespace
}  // namespace cloudshelf::io
