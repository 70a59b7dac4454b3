#include "region/functions/streams_client.hpp"

#include "base/digest.hpp"
#include "io/clock.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <utility>

namespace cloudshelf::functions {
namespace {

constexpr Duration answer_limit = std::chrono::seconds(30);

Error bad_answer() {
    return {.code = "tables.unavailable", .message = "the service of tables: its answer cannot be read"};
}

std::string text(const boost::json::object& from, std::string_view name) {
    const auto* found = from.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(std::string_view(found->get_string())) : "";
}

/// "com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException"
Error refusal(const boost::json::object& body) {
    const auto type = text(body, "__type");
    return {.code = type.substr(type.find('#') + 1), .message = text(body, "message")};
}

}  // namespace

StreamsClient::StreamsClient(io::Executor executor, Options options)
    : options_(std::move(options)), client_(std::move(executor)) {}

io::Task<Result<boost::json::object>> StreamsClient::ask(std::string operation, boost::json::object body) {
    io::HttpRequest request{.method = "POST", .target = "/", .headers = {}, .body = boost::json::serialize(body)};
    request.headers.emplace_back("Host", options_.endpoint.text());
    request.headers.emplace_back("Content-Type", "application/x-amz-json-1.0");
    request.headers.emplace_back("X-Amz-Target", "DynamoDBStreams_20120810." + operation);
    const auto digest = sha256_hex(request.body);
    const sigv4::Request signing{
        .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
    };
    const sigv4::SigningOptions terms{.region = options_.region, .service = "dynamodb"};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (auto& header : sigv4::sign(signing, options_.credentials, terms, now))
        request.headers.push_back(std::move(header));
    const auto answer = co_await client_.send(options_.endpoint, std::move(request), io::Deadline::after(answer_limit));
    if (!answer) co_return fail("tables.unavailable", "the service of tables: " + answer.error().message);
    boost::system::error_code problem;
    auto parsed = boost::json::parse(answer->body, problem);
    if (problem || !parsed.is_object()) co_return fail(bad_answer());
    if (answer->status != 200) co_return fail(refusal(parsed.get_object()));
    co_return std::move(parsed.get_object());
}

io::Task<Result<std::string>> StreamsClient::first_shard(std::string stream_arn) {
    boost::json::object body{{"StreamArn", stream_arn}};
    const auto told = co_await ask("DescribeStream", std::move(body));
    if (!told) co_return fail(told.error());
    const auto* description = told->if_contains("StreamDescription");
    const auto* shards =
        description != nullptr && description->is_object() ? description->get_object().if_contains("Shards") : nullptr;
    if (shards == nullptr || !shards->is_array() || shards->get_array().empty()) co_return fail(bad_answer());
    const auto& first = shards->get_array().front();
    if (!first.is_object()) co_return fail(bad_answer());
    co_return text(first.get_object(), "ShardId");
}

io::Task<Result<std::string>> StreamsClient::iterator(Start start) {
    boost::json::object body{
        {"StreamArn", start.stream_arn}, {"ShardId", start.shard}, {"ShardIteratorType", start.kind}
    };
    if (!start.sequence.empty()) body["SequenceNumber"] = start.sequence;
    const auto told = co_await ask("GetShardIterator", std::move(body));
    if (!told) co_return fail(told.error());
    co_return text(*told, "ShardIterator");
}

io::Task<Result<StreamsClient::Records>> StreamsClient::records(std::string iterator, std::int64_t most) {
    boost::json::object body{{"ShardIterator", iterator}, {"Limit", most}};
    auto told = co_await ask("GetRecords", std::move(body));
    if (!told) co_return fail(told.error());
    Records records;
    auto* found = told->if_contains("Records");
    if (found == nullptr || !found->is_array()) co_return fail(bad_answer());
    records.records = std::move(found->get_array());
    if (auto next = text(*told, "NextShardIterator"); !next.empty()) records.next = std::move(next);
    co_return records;
}

}  // namespace cloudshelf::functions
