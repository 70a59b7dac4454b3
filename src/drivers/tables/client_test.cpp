// Goal: the client's contract, and what it says when nobody or somebody else answers. Method: the fake behind HTTP.
#include "drivers/tables/client.hpp"

#include "drivers/tables/contract_test.hpp"
#include "drivers/tables/fake.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::tables_client {
namespace {

using contract::code;
using contract::soon;

io::Task<io::HttpResponse> ask(FakeTables* tables, io::HttpRequest request) {
    co_return tables->answer(request);
}

struct Pair {
    FakeTables tables;
    io::HttpServer server;
    std::optional<Client> client;

    explicit Pair(const io::Executor& executor)
        : server(executor, {.listen = {"127.0.0.1", 0}}, [this](io::HttpRequest request) {
              return ask(&tables, std::move(request));
          }) {
        EXPECT_TRUE(server.start());
        client.emplace(
            executor,
            Client::Options{
                .endpoint = {"127.0.0.1", server.port()},
                .region = "us-east-1",
                .credentials = {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "a secret of this test"},
            }
        );
    }
};

ASYNC_TEST(TablesClient, KeepsTheContractWithTheFake) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Pair pair(executor);
    co_await contract::make_table(*pair.client, "t");
    co_await contract::items_come_and_go(*pair.client, "t");
    co_await contract::conditions_hold(*pair.client, "t");
}

ASYNC_TEST(TablesClient, MakesReplicasAndExpiry) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Pair pair(executor);
    co_await contract::make_table(*pair.client, "t");
    const auto added = co_await pair.client->add_replica("t", "us-west-2", soon());
    REQUIRE(added);
    EXPECT_EQ(added->replicas, std::vector<std::string>{"us-west-2"});
    for (int i = 0; i < 2; ++i) {
        const auto set = co_await pair.client->expire_by("t", "expiresAt", soon());
        EXPECT_TRUE(set) << code(set);
    }
}

ASYNC_TEST(TablesClient, SaysWhenNobodyListensThatNothingWasDone) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Client client(executor, {.endpoint = {"127.0.0.1", 1}, .region = "r"});
    Put put{.table = "t", .item = contract::line("u", "1", 1)};
    const auto answer = co_await client.put(std::move(put), soon());
    REQUIRE(!answer);
    EXPECT_EQ(answer.error().code, "tables.unavailable");
    EXPECT_EQ(answer.error().certainty, Certainty::not_done);
    EXPECT_TRUE(answer.error().retryable);
}

ASYNC_TEST(TablesClient, TellsTheServicesTroubleFromAStrangersAnswer) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Pair pair(executor);
    pair.tables.refuse_all = true;
    const auto away = co_await pair.client->describe("t", soon());
    REQUIRE(!away);
    EXPECT_EQ(away.error().code, "ServiceUnavailable");
    EXPECT_TRUE(away.error().retryable);

    io::HttpServer::Options options{.listen = {"127.0.0.1", 0}};
    io::HttpServer stranger(executor, options, [](io::HttpRequest) -> io::Task<io::HttpResponse> {
        co_return io::HttpResponse::text(200, "welcome");
    });
    REQUIRE(stranger.start());
    Client lost(executor, {.endpoint = {"127.0.0.1", stranger.port()}, .region = "r"});
    const auto answer = co_await lost.describe("t", soon());
    EXPECT_EQ(code(answer), "tables.bad-answer");
}

}  // namespace
}  // namespace cloudshelf::tables_client
