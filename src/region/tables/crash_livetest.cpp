// Goal: a region killed at any moment loses nothing that it acknowledged and does nothing twice, and afterwards both
// regions hold the same. Method: two real programs that follow each other; in each region writers that count, each in
// an item of its own, one more only when the item still says what the writer knows; SIGKILL at random moments.
// CLOUDSHELF_CRASHES: how many (6), CLOUDSHELF_SEED.
#include "base/digest.hpp"
#include "base/random.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

const sigv4::Credentials key{.access_key_id = "AKIATEST", .secret_access_key = "test"};
constexpr std::string_view key_file = "[test]\naws_access_key_id = AKIATEST\naws_secret_access_key = test\n";

/// One region's program, which can be killed and started again.
class Region {
public:
    Region(const testing::TemporaryFolder& folder, std::string name, int number)
        : name_(std::move(name)), endpoint_{.address = fmt::format("127.64.20.{}", number), .port = 8641} {
        const io::Endpoint other{.address = fmt::format("127.64.20.{}", 3 - number), .port = 8641};
        options_.argv = {TABLES, "--listen", endpoint_.text(), "--region", name_};
        options_.argv.insert(
            options_.argv.end(),
            {"--data",
             (folder / name_).string(),
             "--credentials",
             (folder / "keys").string(),
             "--peer",
             fmt::format("{}=http://{}", number == 1 ? "us-west-2" : "us-east-1", other.text())}
        );
        options_.output = folder / (name_ + ".log");
        options_.death_signal = SIGKILL;
        start();
    }
    ~Region() { kill(); }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    void start() { pid_ = io::spawn(options_).value_or(0); }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    const std::string& name() const { return name_; }

    /// The answer's body, of a 200 or not; an error when nobody answered.
    io::Task<Result<json::value>> ask(io::HttpClient* client, std::string operation, std::string body) const {
        io::HttpRequest made{.method = "POST", .target = "/", .headers = {}, .body = std::move(body)};
        made.headers = {
            {"Host", endpoint_.text()},
            {"Content-Type", "application/x-amz-json-1.0"},
            {"X-Amz-Target", "DynamoDB_20120810." + operation},
        };
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        for (auto& header : sigv4::sign(signing, key, {.region = name_, .service = "dynamodb"}, now))
            made.headers.push_back(std::move(header));
        const auto answer = co_await client->send(endpoint_, std::move(made), io::Deadline::after(10s));
        if (!answer) co_return fail(answer.error());
        boost::system::error_code bad;
        auto read = json::parse(answer->body, bad);
        if (bad) co_return fail("test.bad-answer", answer->body);
        co_return read;
    }
    /// Until somebody answers.
    io::Task<json::value> must(io::HttpClient* client, std::string operation, std::string body) const {
        for (const auto deadline = io::Deadline::after(20s); !deadline.passed(); co_await io::wait_for(5ms)) {
            auto answer = co_await ask(client, operation, body);
            if (answer) co_return std::move(*answer);
        }
        ADD_FAILURE() << name_ << " does not answer " << operation;
        co_return json::object();
    }

private:
    std::string name_;
    io::Endpoint endpoint_;
    io::SpawnOptions options_;
    pid_t pid_ = 0;
};

/// Counts in one item for as long as it may.
struct Writer {
    const Region* region;
    std::string item;
    int acknowledged = 0;
    int repeated = 0;  // outcomes that had to be looked up
};

std::string one_more(const Writer& writer) {
    return fmt::format(
        R"({{"TableName":"Counters","Key":{{"p":{{"S":"{}"}}}},"UpdateExpression":"ADD n :one",)"
        R"("ConditionExpression":"{}","ExpressionAttributeValues":{{":one":{{"N":"1"}}{}}}}})",
        writer.item,
        writer.acknowledged == 0 ? "attribute_not_exists(n)" : "n = :was",
        writer.acknowledged == 0 ? "" : fmt::format(R"(,":was":{{"N":"{}"}})", writer.acknowledged)
    );
}

int counted(const json::value& answer) {
    boost::system::error_code missing;
    const auto* n = answer.find_pointer("/Item/n/N", missing);
    return n ? std::atoi(n->as_string().c_str()) : 0;
}

io::Task<void> write_on(io::HttpClient* client, Writer* writer, const bool* ending, int* running) {
    while (!*ending) {
        auto body = one_more(*writer);
        const auto answer = co_await writer->region->ask(client, "UpdateItem", std::move(body));
        if (answer && !answer->as_object().contains("__type")) {
            ++writer->acknowledged;
            continue;
        }
        // Nobody knows: the item does.
        auto question =
            fmt::format(R"({{"TableName":"Counters","ConsistentRead":true,"Key":{{"p":{{"S":"{}"}}}}}})", writer->item);
        const auto told = co_await writer->region->must(client, "GetItem", std::move(question));
        const int there = counted(told);
        const bool kept = there == writer->acknowledged || there == writer->acknowledged + 1;
        EXPECT_TRUE(kept) << writer->item << ": " << writer->acknowledged << " were acknowledged, it says " << there;
        writer->acknowledged = there;
        ++writer->repeated;
    }
    --*running;
}

io::Task<std::map<std::string, int>> all(io::HttpClient* client, const Region* region) {
    const auto answer = co_await region->must(client, "Scan", R"({"TableName":"Counters"})");
    std::map<std::string, int> items;
    const auto* list = answer.as_object().if_contains("Items");
    for (const auto& item : list ? list->as_array() : json::array())
        items[std::string(item.at("p").at("S").as_string())] = std::atoi(item.at("n").at("N").as_string().c_str());
    co_return items;
}

io::Task<void> make_global(io::HttpClient* client, const Region* east) {
    co_await east->must(
        client,
        "CreateTable",
        R"({"TableName":"Counters","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],)"
        R"("AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}]})"
    );
    co_await east->must(
        client, "UpdateTable", R"({"TableName":"Counters","ReplicaUpdates":[{"Create":{"RegionName":"us-west-2"}}]})"
    );
    for (const auto deadline = io::Deadline::after(20s); !deadline.passed(); co_await io::wait_for(10ms)) {
        const auto told = co_await east->must(client, "DescribeTable", R"({"TableName":"Counters"})");
        if (json::serialize(told).contains(R"("ReplicaStatus":"ACTIVE")")) co_return;
    }
    ADD_FAILURE() << "the replica does not become active";
}

io::Task<void> crash(int crashes, std::uint64_t seed) {
    const testing::TemporaryFolder folder;
    REQUIRE(io::replace_file(folder / "keys", key_file, 0600));
    const auto executor = co_await boost::asio::this_coro::executor;
    io::HttpClient client(executor);
    Region east(folder, "us-east-1", 1);
    Region west(folder, "us-west-2", 2);
    co_await make_global(&client, &east);
    Random random(seed);
    std::vector<Writer> writers;
    for (int i = 0; i < 4; ++i) {
        writers.push_back({.region = &east, .item = fmt::format("east-{}", i)});
        writers.push_back({.region = &west, .item = fmt::format("west-{}", i)});
    }
    bool ending = false;  // one thread: the loop's
    int running = static_cast<int>(writers.size());
    for (auto& writer : writers) io::run_in_background(executor, write_on(&client, &writer, &ending, &running));
    for (int i = 0; i < crashes; ++i) {
        co_await io::wait_for(std::chrono::milliseconds(20 + random.below(250)));
        Region& victim = random.below(2) == 0 ? east : west;
        victim.kill();
        if (random.below(3) == 0) co_await io::wait_for(std::chrono::milliseconds(random.below(200)));
        victim.start();
        co_await victim.must(&client, "ListTables", "{}");
    }
    ending = true;
    const auto ended_by = io::Deadline::after(30s);
    while (running > 0) {
        REQUIRE(!ended_by.passed());
        co_await io::wait_for(5ms);
    }

    std::map<std::string, int> wanted;
    int total = 0;
    int repeated = 0;
    for (const auto& writer : writers) {
        wanted[writer.item] = writer.acknowledged;
        total += writer.acknowledged;
        repeated += writer.repeated;
    }
    EXPECT_GT(total, crashes) << "hardly anything was written";
    std::map<std::string, int> in_east;
    std::map<std::string, int> in_west;
    for (const auto deadline = io::Deadline::after(30s); !deadline.passed(); co_await io::wait_for(20ms)) {
        in_east = co_await all(&client, &east);
        in_west = co_await all(&client, &west);
        if (in_east == wanted && in_west == wanted) break;
    }
    EXPECT_EQ(in_east, wanted);
    EXPECT_EQ(in_west, wanted);
    fmt::print("{} crashes, {} acknowledged writes, {} outcomes looked up\n", crashes, total, repeated);
}

TEST(Crash, LosesNothingAndDoesNothingTwice) {
    const char* given_seed = std::getenv("CLOUDSHELF_SEED");
    const char* given_crashes = std::getenv("CLOUDSHELF_CRASHES");
    const std::uint64_t seed = given_seed ? std::strtoull(given_seed, nullptr, 10) : std::random_device{}();
    const int crashes = given_crashes ? std::atoi(given_crashes) : 6;
    SCOPED_TRACE(fmt::format("CLOUDSHELF_SEED={}", seed));
    testing::run(crash(crashes, seed), std::chrono::seconds(90 + 3 * crashes));
}

}  // namespace
}  // namespace cloudshelf::tables
