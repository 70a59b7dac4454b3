// Goal: the client's contract, and what it says when nobody or somebody else answers. Method: the fake behind HTTP,
// which checks signatures.
#include "drivers/objects/client.hpp"

#include "drivers/objects/contract_test.hpp"
#include "drivers/objects/fake.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::objects_client {
namespace {

using contract::code;
using contract::soon;

io::Task<io::HttpResponse> ask(FakeObjects* objects, io::HttpRequest request) {
    co_return objects->answer(request);
}

struct Pair {
    FakeObjects objects;
    io::HttpServer server;
    std::optional<Client> client;

    explicit Pair(const io::Executor& executor)
        : server(executor, {.listen = {"127.0.0.1", 0}}, [this](io::HttpRequest request) {
              return ask(&objects, std::move(request));
          }) {
        EXPECT_TRUE(server.start());
        client.emplace(executor, options());
    }
    Client::Options options() const {
        return {.endpoint = {"127.0.0.1", server.port()}, .region = objects.region, .credentials = objects.key};
    }
};

ASYNC_TEST(ObjectsClient, KeepsTheContractWithTheFake) {
    Pair pair(co_await boost::asio::this_coro::executor);
    co_await contract::make_bucket(*pair.client, "b");
    co_await contract::objects_come_and_go(*pair.client, "b");
    co_await contract::conditions_hold(*pair.client, "b");
    co_await contract::documents_are_kept(*pair.client, "b");
}

ASYNC_TEST(ObjectsClient, IsRefusedWithAnotherSecret) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Pair pair(executor);
    auto options = pair.options();
    options.credentials.secret_access_key = "another";
    Client stranger(executor, options);
    const auto listed = co_await stranger.list("b", "", soon());
    EXPECT_EQ(code(listed), "SignatureDoesNotMatch");
    EXPECT_FALSE(listed.error().message.contains("another"));
}

ASYNC_TEST(ObjectsClient, AsksWhatHasNoMethodOfItsOwn) {
    Pair pair(co_await boost::asio::this_coro::executor);
    co_await contract::make_bucket(*pair.client, "b");
    Question question{.method = "GET", .bucket = "b", .query = {{"versioning", ""}}};
    const auto answer = co_await pair.client->ask(question, soon());
    REQUIRE(answer);
    EXPECT_TRUE(answer->body.contains("VersioningConfiguration"));
    question.bucket = "nothing";
    const auto refused = co_await pair.client->ask(question, soon());
    EXPECT_EQ(code(refused), "NoSuchBucket");
}

ASYNC_TEST(ObjectsClient, SaysWhenNobodyListensThatNothingWasDone) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Client client(executor, {.endpoint = {"127.0.0.1", 1}, .region = "r"});
    Put put{.bucket = "b", .key = "k", .body = "1"};
    const auto answer = co_await client.put(std::move(put), soon());
    REQUIRE(!answer);
    EXPECT_EQ(answer.error().code, "objects.unavailable");
    EXPECT_EQ(answer.error().certainty, Certainty::not_done);
    EXPECT_TRUE(answer.error().retryable);
}

ASYNC_TEST(ObjectsClient, TellsTheServicesTroubleFromAStrangersAnswer) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Pair pair(executor);
    pair.objects.refuse_all = true;
    const auto away = co_await pair.client->list("b", "", soon());
    REQUIRE(!away);
    EXPECT_EQ(away.error().code, "ServiceUnavailable");
    EXPECT_TRUE(away.error().retryable);
    const auto head = co_await pair.client->head("b", "k", soon());
    EXPECT_EQ(code(head), "ServiceUnavailable") << "without a document, by its status";

    io::HttpServer::Options options{.listen = {"127.0.0.1", 0}};
    io::HttpServer stranger(executor, options, [](io::HttpRequest request) -> io::Task<io::HttpResponse> {
        // What S3 does when a copy fails after its answer began.
        if (request.method == "PUT") {
            co_return io::HttpResponse::text(200, "<Error><Code>InternalError</Code><Message>late</Message></Error>");
        }
        co_return io::HttpResponse::text(request.path() == "/b" ? 200 : 404, "welcome");
    });
    REQUIRE(stranger.start());
    Client lost(executor, {.endpoint = {"127.0.0.1", stranger.port()}, .region = "r"});
    const auto listed = co_await lost.list("b", "", soon());
    EXPECT_EQ(code(listed), "objects.bad-answer");
    const auto missing = co_await lost.get("b", "k", soon());
    EXPECT_EQ(code(missing), "objects.bad-answer") << "a stranger's 404 is no missing object";
    Copy copy{.from_bucket = "b", .from_key = "k", .bucket = "b", .key = "l"};
    const auto late = co_await lost.copy(copy, soon());
    REQUIRE(!late);
    EXPECT_EQ(late.error().code, "InternalError");
    EXPECT_EQ(late.error().certainty, Certainty::unknown);
}

TEST(ObjectsCalls, MakeTargetsAndDigests) {
    EXPECT_EQ(target_of({}), "/");
    EXPECT_EQ(target_of({.bucket = "b", .key = "a b/c+d"}), "/b/a%20b/c%2Bd");
    EXPECT_EQ(
        target_of({.bucket = "b", .query = {{"list-type", "2"}, {"prefix", "a/b&c"}, {"versioning", ""}}}),
        "/b?list-type=2&prefix=a%2Fb%26c&versioning"
    );
    EXPECT_EQ(etag_of(""), "d41d8cd98f00b204e9800998ecf8427e");  // RFC 1321, A.5
    EXPECT_EQ(etag_of("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(content_md5(""), "1B2M2Y8AsgTpgAmY7PhCfg==");
}

}  // namespace
}  // namespace cloudshelf::objects_client
