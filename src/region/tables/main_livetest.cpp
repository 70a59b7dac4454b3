// Goal: the program starts, answers, ends cleanly when asked, and says what is wrong with its arguments. Method: the
// program itself, on an address of this test's own.
#include "base/digest.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/small_disk.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <vector>

namespace cloudshelf::tables {
namespace {

const io::Endpoint endpoint{.address = "127.61.2.1", .port = 8000};
const sigv4::Credentials key{.access_key_id = "AKIATEST", .secret_access_key = "test"};
constexpr std::string_view key_file = "[test]\naws_access_key_id = AKIATEST\naws_secret_access_key = test\n";

io::SpawnOptions program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), TABLES);
    return {.argv = std::move(arguments), .death_signal = SIGKILL};
}

io::HttpRequest signed_request(const std::string& operation, std::string body) {
    io::HttpRequest made{.method = "POST", .target = "/", .headers = {}, .body = std::move(body)};
    made.headers = {
        {"Host", endpoint.text()},
        {"Content-Type", "application/x-amz-json-1.0"},
        {"X-Amz-Target", "DynamoDB_20120810." + operation},
    };
    const auto digest = sha256_hex(made.body);
    const sigv4::Request signing{
        .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
    };
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (auto& header : sigv4::sign(signing, key, {.region = "us-east-1", .service = "dynamodb"}, now)) {
        made.headers.push_back(std::move(header));
    }
    return made;
}

/// Asks until somebody answers.
io::Task<Result<io::HttpResponse>> ask(io::HttpClient* client, io::HttpRequest request) {
    const auto deadline = io::Deadline::after(std::chrono::seconds(20));
    while (true) {
        auto answer = co_await client->send(endpoint, request, deadline);
        if (answer || deadline.passed()) co_return answer;
        co_await io::wait_for(std::chrono::milliseconds(20));
    }
}

ASYNC_TEST(TablesProgram, AnswersUntilItIsAskedToEnd) {
    const testing::TemporaryFolder folder;
    REQUIRE(io::replace_file(folder / "keys", key_file, 0600));
    const auto options = program(
        {"--listen",
         endpoint.text(),
         "--region",
         "us-east-1",
         "--data",
         (folder / "data").string(),
         "--credentials",
         (folder / "keys").string()}
    );
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    for (int start = 0; start < 2; ++start) {  // the second finds the first one's folder
        const auto pid = io::spawn(options);
        REQUIRE(pid);
        const auto answer = co_await ask(&client, signed_request("ListTables", "{}"));
        REQUIRE(answer);
        EXPECT_EQ(answer->body, R"({"TableNames":[]})");
        ::kill(*pid, SIGTERM);
        int status = 0;
        ::waitpid(*pid, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
}

constexpr std::string_view create_carts = R"({"TableName":"Carts","BillingMode":"PAY_PER_REQUEST",)"
                                          R"("KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],)"
                                          R"("AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}]})";

std::string item(int number) {
    return fmt::format(
        R"({{"TableName":"Carts","Item":{{"p":{{"S":"k{}"}},"x":{{"S":"{}"}}}}}})", number, std::string(20'000, 'x')
    );
}

io::Task<std::string> count(io::HttpClient* client) {
    const auto answer = co_await ask(client, signed_request("Scan", R"({"TableName":"Carts","Select":"COUNT"})"));
    co_return answer ? answer->body : "no answer";
}

/// A program on a folder, killed in the end.
struct Program {
    explicit Program(const std::filesystem::path& folder) {
        EXPECT_TRUE(io::replace_file(folder / "keys", key_file, 0600));
        const auto spawned = io::spawn(program(
            {"--listen",
             endpoint.text(),
             "--region",
             "us-east-1",
             "--data",
             (folder / "data").string(),
             "--credentials",
             (folder / "keys").string()}
        ));
        EXPECT_TRUE(spawned);
        pid = spawned.value_or(-1);
    }
    ~Program() {
        if (pid <= 0) return;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    pid_t pid = -1;
};

// Goal: with a full disk writes are refused with a reason and reads go on; when there is space again, so do writes.
ASYNC_TEST(TablesProgram, IsReadOnlyWhileTheDiskIsFull) {
    const testing::TemporaryFolder folder;
    const testing::SmallDisk disk(folder / "disk", "160m");
    if (!disk.mounted()) {
        fmt::print("SKIPPED: a tmpfs can only be mounted by root\n");
        co_return;
    }
    const Program running(folder / "disk");
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    const auto created = co_await ask(&client, signed_request("CreateTable", std::string(create_carts)));
    REQUIRE(created && created->status == 200);
    const auto first = co_await ask(&client, signed_request("PutItem", item(0)));
    REQUIRE(first && first->status == 200);

    const auto ballast = folder / "disk" / "ballast";
    REQUIRE(io::replace_file(ballast, std::string(90 << 20, 'b'), 0600));
    const auto refused = co_await ask(&client, signed_request("PutItem", item(1)));
    REQUIRE(refused);
    EXPECT_EQ(refused->status, 503) << refused->body;
    EXPECT_TRUE(refused->body.contains("The disk is full")) << refused->body;
    const auto health = co_await ask(&client, {.method = "GET", .target = "/health", .headers = {}, .body = {}});
    REQUIRE(health);
    EXPECT_TRUE(health->body.contains("read-only")) << health->body;
    const auto kept = co_await count(&client);
    EXPECT_EQ(kept, R"({"Count":1,"ScannedCount":1})");

    std::filesystem::remove(ballast);
    const auto second = co_await ask(&client, signed_request("PutItem", item(1)));
    REQUIRE(second);
    EXPECT_EQ(second->status, 200) << second->body;
    const auto both = co_await count(&client);
    EXPECT_EQ(both, R"({"Count":2,"ScannedCount":2})");
}

// Goal: after a commit that failed, nobody having been told that it succeeded, the program opens its data anew by
// itself and takes writes again, with all that was acknowledged. Method: a limit on the size of files, which a write of
// the log meets.
ASYNC_TEST(TablesProgram, StartsAnewAfterACommitThatFailed) {
    const testing::TemporaryFolder folder;
    const Program running(folder.path());
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    const auto created = co_await ask(&client, signed_request("CreateTable", std::string(create_carts)));
    REQUIRE(created && created->status == 200);
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    REQUIRE(::prlimit(running.pid, RLIMIT_FSIZE, &limit, nullptr) == 0);
    int acknowledged = 0;
    bool failed = false;
    while (!failed && acknowledged < 1000) {
        const auto answer = co_await ask(&client, signed_request("PutItem", item(acknowledged)));
        REQUIRE(answer);
        failed = answer->status != 200;
        if (failed) {
            EXPECT_EQ(answer->status, 500) << answer->body;
        } else {
            ++acknowledged;
        }
    }
    EXPECT_TRUE(failed);
    const rlimit none{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    REQUIRE(::prlimit(running.pid, RLIMIT_FSIZE, &none, nullptr) == 0);
    const auto deadline = io::Deadline::after(std::chrono::seconds(30));
    for (int status = 0; status != 200;) {
        REQUIRE(!deadline.passed());
        const auto answer = co_await ask(&client, signed_request("PutItem", item(acknowledged)));
        status = answer ? answer->status : 0;
        co_await io::wait_for(std::chrono::milliseconds(20));
    }
    const auto all = co_await count(&client);
    EXPECT_EQ(all, fmt::format(R"({{"Count":{0},"ScannedCount":{0}}})", acknowledged + 1));
}

TEST(TablesProgram, SaysWhatIsWrongWithItsArguments) {
    const testing::TemporaryFolder folder;
    ASSERT_TRUE(io::replace_file(folder / "keys", key_file, 0600));
    const std::string keys = (folder / "keys").string();
    const std::pair<std::vector<std::string>, std::string> cases[]{
        {{}, "--listen is missing"},
        {{"--listen", "localhost"}, "expected an IPv4 address and a port"},
        {{"--bogus", "x"}, "\"--bogus\" is not known"},
        {{"--region"}, "a value is missing"},
        {{"--peer", "us-west-2"}, "expected REGION=http://ADDRESS:PORT"},
        {{"--ttl-scan-seconds", "0"}, "expected a whole number from 1"},
        {{"--credentials", "/nowhere"}, "/nowhere"},
        {{"--listen",
          "127.61.2.1:1",
          "--region",
          "r",
          "--data",
          "d",
          "--credentials",
          keys,
          "--peer",
          "r=http://127.61.2.2:1"},
         "that is this region"},
    };
    for (const auto& [arguments, expected] : cases) {
        const auto ended = io::run(program(arguments), std::chrono::seconds(10));
        ASSERT_TRUE(ended);
        EXPECT_EQ(ended->status, 2) << expected;
        EXPECT_TRUE(ended->err.contains(expected)) << ended->err;
    }
    const auto helped = io::run(program({"--help"}), std::chrono::seconds(10));
    ASSERT_TRUE(helped);
    EXPECT_EQ(helped->status, 0);
    EXPECT_TRUE(helped->out.contains("--ttl-scan-seconds"));
}

}  // namespace
}  // namespace cloudshelf::tables
