// Goal: two regions that both write and follow each other through a link that is cut, slow, sliced, reset, and altered
// by a bad middlebox, end with the same items once it heals, with every change applied once.
// Method: each pulls through a relay whose weather changes by the draw; some answers get a changed byte on their way.
#include "base/random.hpp"
#include "io/relay.hpp"
#include "region/log/site_test.hpp"

#include <boost/asio/co_spawn.hpp>

#include <cstdlib>
#include <random>
#include <set>

namespace cloudshelf::changelog {
namespace {

using namespace std::chrono_literals;

/// The other region as this one reaches it: a middlebox that changes bytes, behind a relay.
struct Road {
    Road(const io::Executor& executor, Site* to, Random* random)
        : there(std::make_shared<io::LinkWay>()), back(std::make_shared<io::LinkWay>()) {
        auto alter = [this, to, random](io::HttpRequest request) -> io::Task<io::HttpResponse> {
            return pass(to, random, std::move(request));
        };
        middlebox = std::make_unique<io::HttpServer>(
            executor, io::HttpServer::Options{.listen = {Site::address, 0}}, std::move(alter)
        );
        EXPECT_TRUE(middlebox->start());
        relay = std::make_unique<io::Relay>(
            executor,
            io::Relay::Options{
                .listen = {Site::address, 0}, .to = {Site::address, middlebox->port()}, .there = there, .back = back
            }
        );
        EXPECT_TRUE(relay->start());
    }
    io::Task<io::HttpResponse> pass(Site* to, Random* random, io::HttpRequest request) {
        auto answer = co_await to->source->answer(std::move(request));
        if (bad && !answer.body.empty() && random->below(3) == 0) {
            answer.body[random->below(answer.body.size())] ^= static_cast<char>(1 + random->below(255));
            ++altered;
        }
        co_return answer;
    }
    io::Endpoint entry() const { return {Site::address, relay->port()}; }

    std::shared_ptr<io::LinkWay> there, back;
    std::unique_ptr<io::HttpServer> middlebox;
    std::unique_ptr<io::Relay> relay;
    bool bad = false;
    int altered = 0;
};

void change_weather(Road* road, Random* random) {
    io::LinkWeather weather;
    const auto kind = random->below(6);
    weather.cut = kind == 0;
    if (kind == 1) weather.delay = 20ms;
    if (kind == 2) weather.slice = 100;
    if (kind == 3) road->relay->reset();
    road->bad = kind == 4;
    road->there->weather = weather;
    road->back->weather = random->below(2) == 0 ? weather : io::LinkWeather{};
}

ASYNC_TEST(ReplicationLink, EndsEqualWhateverTheWeather) {
    const char* const given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    fmt::print("CLOUDSHELF_SEED={}\n", seed);
    Random random(seed);
    const auto executor = co_await boost::asio::this_coro::executor;
    Site east(executor, "us-east-1", 1);
    Site west(executor, "us-west-2", 2);
    east.replicas = {west.region};
    west.replicas = {east.region};
    for (Site* site : {&east, &west}) {
        site->patience = 300ms;
        site->open();
    }
    Road to_east(executor, &east, &random);
    Road to_west(executor, &west, &random);
    east.follow(west, to_west.entry(), 50ms);
    west.follow(east, to_east.entry(), 50ms);
    int running = 2;
    for (Site* site : {&east, &west}) {
        boost::asio::co_spawn(executor, site->follower->run(), [&running](const std::exception_ptr&) { --running; });
    }
    for (int i = 0; i < 1200; ++i) {
        Site& site = random.below(2) == 0 ? east : west;
        REQUIRE(co_await site.set(fmt::format("item-{}", random.below(40)), std::to_string(i)));
        if (i % 20 == 0) change_weather(random.below(2) == 0 ? &to_east : &to_west, &random);
        if (i % 10 == 0) co_await io::wait_for(10ms);  // so that weather and pulls have their time
    }
    for (Road* road : {&to_east, &to_west}) {
        road->bad = false;
        road->there->weather = road->back->weather = {};
        road->relay->reset();
    }
    const auto confirmed = [](const Site& site, const Site& other) {
        const auto at = other.log->followed(site.region).value();
        return at && at->position >= site.log->last();
    };
    const auto deadline = io::Deadline::after(15s);
    while (!(confirmed(east, west) && confirmed(west, east)) && !deadline.passed()) co_await io::wait_for(10ms);
    EXPECT_FALSE(deadline.passed()) << "seed " << seed;
    EXPECT_EQ(east.items(), west.items()) << "seed " << seed;
    EXPECT_EQ(east.applied + west.applied, 1200) << "each change once, seed " << seed;
    EXPECT_FALSE(east.follower->status().needs_snapshot || west.follower->status().needs_snapshot);
    fmt::print(
        "{} answers altered, {} refused, {} conflicts\n",
        to_east.altered + to_west.altered,
        east.log->metrics().refused_entries + west.log->metrics().refused_entries,
        east.conflicts() + west.conflicts()
    );
    east.follower->stop();
    west.follower->stop();
    while (running > 0) co_await io::wait_for(1ms);
}

}  // namespace
}  // namespace cloudshelf::changelog
