// Goal: the program starts, answers, ends cleanly when asked, and says what is wrong with its arguments. Method: the
// program itself, on an address of this test's own.
#include "base/digest.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
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

io::HttpRequest list_tables() {
    io::HttpRequest made{.method = "POST", .target = "/", .headers = {}, .body = "{}"};
    made.headers = {
        {"Host", endpoint.text()},
        {"Content-Type", "application/x-amz-json-1.0"},
        {"X-Amz-Target", "DynamoDB_20120810.ListTables"},
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
        const auto answer = co_await ask(&client, list_tables());
        REQUIRE(answer);
        EXPECT_EQ(answer->body, R"({"TableNames":[]})");
        ::kill(*pid, SIGTERM);
        int status = 0;
        ::waitpid(*pid, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
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
