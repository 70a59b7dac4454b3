// Goal: a function gets every record of its stream in order, at least once, also over a restart, and a record that it
// cannot take holds nobody up for ever. Method: as service_test, with an HTTP server that stands for the tables.
#include "region/functions/poller.hpp"

#include "region/functions/mappings.hpp"
#include "region/functions/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <optional>

namespace cloudshelf::functions {
namespace {

constexpr std::string_view stream = "arn:aws:dynamodb:us-east-1:000000000000:table/Carts/stream/2026";
const std::string mappings = "/2015-03-31/event-source-mappings";

/// A stream of one shard, whose iterators are the index of the next record.
struct Tables {
    explicit Tables(const io::Executor& executor) {
        io::HttpServer::Options options{.listen = {"127.69.253.1", 0}};
        server = std::make_unique<io::HttpServer>(executor, options, [this](io::HttpRequest request) {
            return answer(std::move(request));
        });
    }
    io::Task<io::HttpResponse> answer(io::HttpRequest request) {
        EXPECT_TRUE(request.header("Authorization").contains("/us-east-1/dynamodb/aws4_request"));
        const auto body = boost::json::parse(request.body);
        const auto target = request.header("X-Amz-Target");
        if (target.ends_with("DescribeStream")) {
            if (body.at("StreamArn").as_string() != stream)
                co_return io::HttpResponse::json(400, R"({"__type":"x#ResourceNotFoundException","message":"none"})");
            co_return io::HttpResponse::json(200, R"({"StreamDescription":{"Shards":[{"ShardId":"s"}]}})");
        }
        if (auto refused = refusal(body)) co_return std::move(*refused);
        if (target.ends_with("GetShardIterator")) co_return io::HttpResponse::json(200, iterator(body));
        co_return io::HttpResponse::json(200, page(body));
    }
    /// An error, while records before `trimmed` are asked for.
    std::optional<io::HttpResponse> refusal(const boost::json::value& body) const {
        const auto* at = body.as_object().if_contains("SequenceNumber");
        if (at == nullptr || std::stoi(text(*at)) >= trimmed) return std::nullopt;
        return io::HttpResponse::json(400, R"({"__type":"x#TrimmedDataAccessException","message":"gone"})");
    }
    std::string iterator(const boost::json::value& body) const {
        const auto kind = text(body.at("ShardIteratorType"));
        int at = trimmed;
        if (kind == "LATEST") at = records;
        if (kind == "AFTER_SEQUENCE_NUMBER") at = std::stoi(text(body.at("SequenceNumber"))) + 1;
        return fmt::format(R"({{"ShardIterator":"{}"}})", at);
    }
    std::string page(const boost::json::value& body) const {
        int at = std::stoi(text(body.at("ShardIterator")));
        const auto most = at + static_cast<int>(body.at("Limit").to_number<std::int64_t>());
        std::string found;
        for (; at < std::min(records, most); ++at) {
            found += fmt::format(
                R"({}{{"eventID":"{}","eventName":"INSERT","eventSource":"aws:dynamodb","dynamodb":)"
                R"({{"SequenceNumber":"{}","ApproximateCreationDateTime":1790000000}}}})",
                found.empty() ? "" : ",",
                at,
                at
            );
        }
        return fmt::format(R"({{"Records":[{}],"NextShardIterator":"{}"}})", found, at);
    }

    int records = 0;
    int trimmed = 0;  // the first of them that is there
    std::unique_ptr<io::HttpServer> server;
};

/// The ids of the records that a run was given.
std::string ids(const Invocation& invocation) {
    std::string all;
    const auto payload = boost::json::parse(invocation.payload);
    for (const auto& record : payload.at("Records").as_array()) {
        EXPECT_EQ(record.at("eventSourceARN").as_string(), stream);
        all += text(record.at("eventID"));
    }
    return all;
}

std::string creation(std::string_view more, std::string_view from = "TRIM_HORIZON") {
    return fmt::format(
        R"({{"EventSourceArn":"{}","FunctionName":"carts","StartingPosition":"{}"{}}})", stream, from, more
    );
}

/// The region with a function, mapped to the tables.
void join(Region& region, const Tables& tables) {
    region.adjust = [port = tables.server->port()](ServiceOptions& options) {
        options.tables = io::Endpoint{.address = "127.69.253.1", .port = port};
        options.profile = "admin";
        options.poll = std::chrono::milliseconds(1);
    };
}

ASYNC_TEST(Mapping, GivesEachRecordInOrderAlsoOverARestart) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Tables tables(executor);
    REQUIRE(tables.server->start());
    Region region(executor);
    join(region, tables);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    tables.records = 5;
    const auto made = co_await region.call("POST", mappings, creation(R"(,"BatchSize":2)"));
    EXPECT_EQ(made.status, 202);
    const auto uuid = text(json(made).at("UUID"));
    EXPECT_EQ(json(made).at("State"), "Enabled");
    REQUIRE(co_await region.ran(3));
    EXPECT_EQ(ids(region.runner->invocations[0]), "01");
    EXPECT_EQ(ids(region.runner->invocations[1]), "23");
    EXPECT_EQ(ids(region.runner->invocations[2]), "4");
    for (int i = 0; i < 1000 && region.service->mappings().position(uuid) != "4"; ++i)
        co_await io::wait_for(std::chrono::milliseconds(1));
    REQUIRE(co_await region.restart());
    tables.records = 6;
    REQUIRE(co_await region.ran(1));
    EXPECT_EQ(ids(region.runner->invocations[0]), "5") << "what was done is not given again";
    EXPECT_EQ(json(co_await region.call("GET", mappings + "/" + uuid)).at("LastProcessingResult"), "OK");
    co_await region.stop();
    co_await tables.server->stop(io::Deadline::after(std::chrono::seconds(1)));
}

ASYNC_TEST(Mapping, GoesOnWithWhatIsThereWhenRecordsWereMissed) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Tables tables(executor);
    REQUIRE(tables.server->start());
    Region region(executor);
    join(region, tables);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    tables.records = 1;
    const auto made = co_await region.call("POST", mappings, creation("", "LATEST"));
    const auto uuid = text(json(made).at("UUID"));
    // Latest is what comes after the stream was looked at for the first time.
    for (int i = 0; i < 5000 && region.runner->invocations.empty(); ++i) {
        ++tables.records;
        co_await io::wait_for(std::chrono::milliseconds(1));
    }
    REQUIRE(co_await region.ran(1));
    EXPECT_FALSE(ids(region.runner->invocations[0]).starts_with("0"));
    co_await region.stop();
    tables.records += 10;
    tables.trimmed = tables.records - 1;
    REQUIRE(co_await region.start());
    REQUIRE(co_await region.ran(1));
    EXPECT_EQ(ids(region.runner->invocations[0]), std::to_string(tables.trimmed));
    co_await region.stop();
    co_await tables.server->stop(io::Deadline::after(std::chrono::seconds(1)));
}

ASYNC_TEST(Mapping, HalvesUntilTheRecordIsFoundAndTellsOfIt) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Tables tables(executor);
    REQUIRE(tables.server->start());
    Region region(executor);
    join(region, tables);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    co_await region.create("dead");
    region.runner->fails_with = R"("eventID":"2")";
    tables.records = 4;
    const auto made = co_await region.call(
        "POST",
        mappings,
        creation(R"(,"BisectBatchOnFunctionError":true,"MaximumRetryAttempts":1,"DestinationConfig":{"OnFailure":)"
                 R"({"Destination":"arn:aws:lambda:us-east-1:000000000000:function:dead"}})")
    );
    EXPECT_EQ(made.status, 202);
    REQUIRE(co_await region.ran(7));
    REQUIRE(co_await region.settled());
    std::vector<std::string> runs;
    std::string told;
    for (std::size_t i = 0; i < region.runner->runs.size(); ++i) {
        const auto& invocation = region.runner->invocations[i];
        if (region.runner->runs[i].function == "dead") told = invocation.payload;
        if (region.runner->runs[i].function == "carts") runs.push_back(ids(invocation));
    }
    EXPECT_EQ(runs, (std::vector<std::string>{"0123", "01", "23", "2", "2", "3"}));
    const auto info = boost::json::parse(told).at("DDBStreamBatchInfo");
    EXPECT_EQ(info.at("startSequenceNumber"), "2");
    EXPECT_EQ(info.at("batchSize"), 1);
    co_await region.stop();
    co_await tables.server->stop(io::Deadline::after(std::chrono::seconds(1)));
}

ASYNC_TEST(Mapping, IsChangedListedAndDeleted) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Tables tables(executor);
    REQUIRE(tables.server->start());
    Region region(executor);
    join(region, tables);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    const auto made = co_await region.call("POST", mappings, creation(R"(,"Enabled":false)"));
    const auto one = mappings + "/" + text(json(made).at("UUID"));
    EXPECT_EQ(json(made).at("State"), "Disabled");
    EXPECT_EQ((co_await region.call("POST", mappings, creation(""))).status, 409);
    tables.records = 1;
    co_await io::wait_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(region.runner->invocations.empty());
    EXPECT_EQ((co_await region.call("PUT", one, R"({"Enabled":true,"BatchSize":7})")).status, 202);
    REQUIRE(co_await region.ran(1));
    EXPECT_EQ(json(co_await region.call("GET", one)).at("BatchSize"), 7);
    const auto listed = json(co_await region.call("GET", mappings + "?FunctionName=carts"));
    EXPECT_EQ(listed.at("EventSourceMappings").as_array().size(), 1u);
    EXPECT_EQ(json(co_await region.call("DELETE", one)).at("State"), "Deleting");
    EXPECT_EQ((co_await region.call("GET", one)).status, 404);
    tables.records = 2;
    co_await io::wait_for(std::chrono::milliseconds(20));
    EXPECT_EQ(region.runner->invocations.size(), 1u);
    const std::string other = R"({"EventSourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/X/stream/1",)"
                              R"("FunctionName":"carts","StartingPosition":"LATEST"})";
    EXPECT_EQ(error_of(co_await region.call("POST", mappings, other)), "InvalidParameterValueException");
    co_await region.stop();
    co_await tables.server->stop(io::Deadline::after(std::chrono::seconds(1)));
}

TEST(AfterFailureTest, HalvesRetriesAndGivesUp) {
    lambda::EventSourceMapping mapping;
    EXPECT_EQ(after_failure(mapping, 10, 1'000'000, 1'000'000'000), AfterFailure::try_again);
    mapping.retries_max = 2;
    EXPECT_EQ(after_failure(mapping, 10, 2, 0), AfterFailure::try_again);
    EXPECT_EQ(after_failure(mapping, 10, 3, 0), AfterFailure::give_up);
    mapping.age_seconds_max = 60;
    EXPECT_EQ(after_failure(mapping, 10, 1, 60'001), AfterFailure::give_up);
    mapping.bisect = true;
    EXPECT_EQ(after_failure(mapping, 2, 3, 60'001), AfterFailure::halve);
    EXPECT_EQ(after_failure(mapping, 1, 3, 0), AfterFailure::give_up);
}

}  // namespace
}  // namespace cloudshelf::functions
