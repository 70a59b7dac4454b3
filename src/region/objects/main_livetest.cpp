// Goal: the program starts, stores, ends cleanly when asked, finds all of it again, and says what is wrong with its
// arguments. Method: the program itself, on an address of this test's own.
#include "base/base64.hpp"
#include "base/digest.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace cloudshelf::objects {
namespace {

const io::Endpoint endpoint{.address = "127.62.2.1", .port = 9000};
const sigv4::Credentials key{.access_key_id = "AKIATEST", .secret_access_key = "test"};
constexpr std::string_view key_file = "[test]\naws_access_key_id = AKIATEST\naws_secret_access_key = test\n";

io::SpawnOptions program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), OBJECTS);
    return {.argv = std::move(arguments), .death_signal = SIGKILL};
}

io::HttpRequest signed_request(std::string method, std::string target, std::string body = {}) {
    io::HttpRequest made{
        .method = std::move(method), .target = std::move(target), .headers = {}, .body = std::move(body)
    };
    made.headers = {{"Host", endpoint.text()}};
    const auto digest = sha256_hex(made.body);
    const sigv4::Request signing{
        .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
    };
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const sigv4::SigningOptions options{.region = "us-east-1", .service = "s3", .dialect = sigv4::Dialect::s3};
    for (auto& header : sigv4::sign(signing, key, options, now)) made.headers.push_back(std::move(header));
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

/// A program on a folder, killed in the end if it lives still.
struct Program {
    explicit Program(const std::filesystem::path& folder) {
        EXPECT_TRUE(io::replace_file(folder / "credentials", key_file, 0600));
        const auto spawned = io::spawn(program(
            {"--listen",
             endpoint.text(),
             "--region",
             "us-east-1",
             "--data",
             (folder / "data").string(),
             "--credentials",
             (folder / "credentials").string()}
        ));
        EXPECT_TRUE(spawned);
        pid = spawned.value_or(-1);
    }
    ~Program() {
        if (pid > 0) end(SIGKILL);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// Answers the status that wait(2) gives.
    int end(int signal) {
        ::kill(pid, signal);
        int status = 0;
        ::waitpid(pid, &status, 0);
        pid = -1;
        return status;
    }

    pid_t pid = -1;
};

ASYNC_TEST(ObjectsProgram, FindsEverythingAgainWhenItIsStartedAnew) {
    const testing::TemporaryFolder folder;
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    const std::string body(3'000'000, 'x');
    {
        Program running(folder.path());
        const auto made = co_await ask(&client, signed_request("PUT", "/books"));
        REQUIRE(made && made->status == 200);
        const auto put = co_await ask(&client, signed_request("PUT", "/books/k", body));
        REQUIRE(put && put->status == 200);
        const int status = running.end(SIGTERM);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    {
        Program running(folder.path());
        const auto got = co_await ask(&client, signed_request("GET", "/books/k"));
        REQUIRE(got);
        EXPECT_EQ(got->status, 200);
        EXPECT_TRUE(got->body == body);
        const auto put = co_await ask(&client, signed_request("PUT", "/books/killed", body + "y"));
        REQUIRE(put && put->status == 200);
        running.end(SIGKILL);  // what was acknowledged is there all the same
    }
    Program running(folder.path());
    const auto got = co_await ask(&client, signed_request("GET", "/books/killed"));
    REQUIRE(got);
    EXPECT_TRUE(got->body == body + "y");
    const auto health = co_await ask(&client, {.method = "GET", .target = "/-/health"});
    REQUIRE(health);
    EXPECT_EQ(health->body, R"({"status":"ok","region":"us-east-1"})");
}

/// Its answer to POST /-/keys/reload, status first.
io::Task<std::string> reload_keys(io::HttpClient* client) {
    const auto answer = co_await ask(client, {.method = "POST", .target = "/-/keys/reload"});
    if (!answer) co_return answer.error().message;
    co_return fmt::format("{} {}", answer->status, answer->body);
}

/// Until the page of metrics has these lines.
io::Task<bool> metrics_show(io::HttpClient* client, std::vector<std::string> lines) {
    const auto deadline = io::Deadline::after(std::chrono::seconds(20));
    while (!deadline.passed()) {
        const auto page = co_await ask(client, {.method = "GET", .target = "/-/metrics"});
        const auto shown = [&page](const std::string& line) { return page->body.contains("\n" + line + "\n"); };
        if (page && std::ranges::all_of(lines, shown)) co_return true;
        co_await io::wait_for(std::chrono::milliseconds(20));
    }
    co_return false;
}

ASYNC_TEST(ObjectsProgram, BringsContentsUnderANewKey) {
    const testing::TemporaryFolder folder;
    const auto keys = folder / "data" / "keys";
    const std::string first = "default 1 " + base64(std::string(32, 'a')) + "\n";
    const std::string second = "default 2 " + base64(std::string(32, 'b')) + "\n";
    std::filesystem::create_directories(folder / "data");
    REQUIRE(io::replace_file(keys, first, 0600));
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    {
        Program running(folder.path());
        const auto made = co_await ask(&client, signed_request("PUT", "/books"));
        REQUIRE(made && made->status == 200);
        const auto put = co_await ask(&client, signed_request("PUT", "/books/k", "hello"));
        REQUIRE(put && put->status == 200);

        REQUIRE(io::replace_file(keys, "nonsense\n", 0600));
        EXPECT_TRUE((co_await reload_keys(&client)).starts_with("409 "));
        REQUIRE(io::replace_file(keys, "other 1 " + base64(std::string(32, 'c')) + "\n", 0600));
        EXPECT_TRUE((co_await reload_keys(&client)).contains("objects.key-gone"));

        REQUIRE(io::replace_file(keys, first + second, 0600));
        EXPECT_EQ(co_await reload_keys(&client), R"(200 {"keys":{"default":2}})");
        const bool done = co_await metrics_show(
            &client,
            {"cloudshelf_objects_contents_rewrapped_total 1",
             "cloudshelf_objects_rewrapping 0",
             "cloudshelf_objects_rewrap_failed 0"}
        );
        EXPECT_TRUE(done);
        REQUIRE(io::replace_file(keys, second, 0600));
        EXPECT_EQ(co_await reload_keys(&client), R"(200 {"keys":{"default":2}})");
        const auto got = co_await ask(&client, signed_request("GET", "/books/k"));
        REQUIRE(got);
        EXPECT_EQ(got->body, "hello");
    }
    Program running(folder.path());
    const auto got = co_await ask(&client, signed_request("GET", "/books/k"));
    REQUIRE(got);
    EXPECT_EQ(got->body, "hello");
}

TEST(ObjectsProgram, SaysWhatIsWrongWithItsArguments) {
    const testing::TemporaryFolder folder;
    ASSERT_TRUE(io::replace_file(folder / "credentials", key_file, 0600));
    const std::string keys = (folder / "credentials").string();
    const std::vector<std::string> sound{
        "--listen", "127.62.2.1:1", "--region", "r", "--data", (folder / "data").string(), "--credentials", keys
    };
    const auto with = [&sound](std::vector<std::string> more) {
        more.insert(more.begin(), sound.begin(), sound.end());
        return more;
    };
    const std::pair<std::vector<std::string>, std::string> cases[]{
        {{}, "--listen is missing"},
        {{"--listen", "localhost"}, "expected an IPv4 address and a port"},
        {{"--bogus", "x"}, "\"--bogus\" is not known"},
        {{"--region"}, "a value is missing"},
        {{"--peer", "us-west-2"}, "expected REGION=http://ADDRESS:PORT"},
        {{"--lifecycle-day-seconds", "0"}, "expected a whole number from 1"},
        {{"--credentials", "/nowhere"}, "/nowhere"},
        {with({"--peer", "r=http://127.62.2.2:1"}), "that is this region"},
        {with({"--tls-listen", "127.62.2.1:2"}), "--tls-certificate is missing"},
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
    EXPECT_TRUE(helped->out.contains("--lifecycle-day-seconds"));
}

}  // namespace
}  // namespace cloudshelf::objects
