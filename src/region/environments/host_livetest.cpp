// Goal: functions run, one invocation at a time for each process, and what they get is what Lambda gives. Method: a
// real process that does what its payload says.
#include "io/file.hpp"
#include "io/http.hpp"
#include "region/environments/site_test.hpp"

#include <gmock/gmock.h>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::call;
using ::testing::HasSubstr;
using testing::HostPtr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::Site;
using testing::with_host;

TEST(Host, InvokesAProcessAndKeepsIt) {
    const Site site;
    auto code = site.probe();
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        const auto first = co_await call(host, code, "echo {\"a\":1}");
        EXPECT_EQ(first.payload, "{\"a\":1}");
        EXPECT_FALSE(first.function_error);
        EXPECT_GT(first.init_duration, 0ns);
        EXPECT_GT(first.memory_max_mib, 0u);
        const auto second = co_await call(host, code, "count");
        EXPECT_EQ(second.payload, "2");
        EXPECT_EQ(second.init_duration, 0ns);
        const auto metrics = host->metrics();
        EXPECT_EQ(metrics.environments_started, 1u);
        EXPECT_EQ(metrics.cold_starts, 1u);
        EXPECT_EQ(metrics.invocations, 2u);
        EXPECT_EQ(metrics.idle + metrics.resting, 1u);
    });
}

TEST(Host, GivesTheHeadersOfLambda) {
    const Site site;
    auto code = site.probe();
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        auto invocation = Site::invocation("headers");
        invocation.client_context = R"({"client":{}})";
        const std::string id = invocation.request_id;
        const auto answer = co_await host->invoke(code, std::move(invocation));
        REQUIRE(answer);
        EXPECT_THAT(answer->payload, HasSubstr("Lambda-Runtime-Aws-Request-Id: " + id + "\r\n"));
        EXPECT_THAT(answer->payload, HasSubstr("Lambda-Runtime-Deadline-Ms: 1"));
        EXPECT_THAT(answer->payload, HasSubstr("Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:"));
        EXPECT_THAT(answer->payload, HasSubstr("Lambda-Runtime-Trace-Id: Root=1-5759e988"));
        EXPECT_THAT(answer->payload, HasSubstr("Lambda-Runtime-Client-Context: {\"client\":{}}\r\n"));
    });
}

// Goal: nothing of ours is inherited, and what Lambda sets is there.
TEST(Host, GivesTheEnvironmentOfLambda) {
    Site site;
    site.options.variables = {{"AWS_ENDPOINT_URL", "http://127.0.0.1:1"}};
    auto code = site.probe("shop", "main.handler");
    code->memory_mib = 256;
    code->version = "7";
    code->variables = {{"TABLE", "carts"}, {"TZ", "Europe/Berlin"}, {"_HANDLER", "not yours"}};
    ::setenv("CLOUDSHELF_SECRET", "ours", 1);
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        const auto answer = co_await call(host, code, "environment");
        for (const char* line :
             {"TABLE=carts\n",
              "TZ=Europe/Berlin\n",
              "_HANDLER=main.handler\n",
              "AWS_LAMBDA_FUNCTION_NAME=shop\n",
              "AWS_LAMBDA_FUNCTION_VERSION=7\n",
              "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256\n",
              "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand\n",
              "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/shop\n",
              "AWS_REGION=us-east-1\n",
              "AWS_ENDPOINT_URL=http://127.0.0.1:1\n",
              "descriptors=0 1 2 3 \n"}) {  // 3: its connection to the runtime API
            EXPECT_THAT(answer.payload, HasSubstr(line));
        }
        EXPECT_THAT(answer.payload, HasSubstr("cwd=" + code->root.string() + "\n"));
        EXPECT_THAT(answer.payload, HasSubstr("LAMBDA_TASK_ROOT=" + code->root.string() + "\n"));
        EXPECT_THAT(answer.payload, Not(HasSubstr("CLOUDSHELF_SECRET")));
    });
}

TEST(Host, TellsWhatAFunctionWrote) {
    const Site site;
    auto code = site.probe("writes", "print from-init");
    const auto log_file = site.options.folder / "logs" / "writes.log";
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        const auto first = co_await call(host, code, "print one line");
        EXPECT_THAT(
            first.log,
            MatchesRegex("from-init\nSTART RequestId: [-0-9]+ Version: .LATEST\none line\nEND RequestId: [-0-9]+\n"
                         "REPORT RequestId: .*Memory Size: 128 MB.*Init Duration: .*\n")
        );
        const auto second = co_await call(host, code, "print again");
        EXPECT_THAT(second.log, MatchesRegex("START .*\nagain\nEND .*\nREPORT .*\n"));
        const auto third = co_await call(host, code, "print " + std::string(10'000, 'x'));
        EXPECT_EQ(third.log.size(), 4096u);
        EXPECT_THAT(third.log, HasSubstr("REPORT"));
        auto quiet = Site::invocation("print x");
        quiet.wants_log = false;
        const auto fourth = co_await host->invoke(code, std::move(quiet));
        EXPECT_EQ(fourth->log, "");
    });
    const auto written = io::read_file(log_file).value_or("");
    EXPECT_THAT(written, HasSubstr("one line\nEND RequestId"));
    EXPECT_THAT(written, HasSubstr("again\nEND RequestId"));
}

TEST(Host, PassesOnWhatAFunctionSaysOfItsFailure) {
    const Site site;
    auto code = site.probe();
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        const auto answer = co_await call(host, code, "error Probe.Wrong");
        EXPECT_EQ(answer.function_error, "Unhandled");
        EXPECT_EQ(
            answer.payload, R"({"errorMessage":"it went wrong","errorType":"Probe.Wrong","stackTrace":["here"]})"
        );
        const auto next = co_await call(host, code, "count");
        EXPECT_EQ(next.payload, "2");
        EXPECT_EQ(host->metrics().errors_by_type.at("other"), 1u);
    });
}

TEST(Host, TakesPayloadsAsLongAsLambdaDoes) {
    const Site site;
    auto code = site.probe();
    code->timeout = 20s;
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        const std::string longest(6 << 20, 'p');
        const auto there_and_back = co_await call(host, code, longest);
        EXPECT_EQ(there_and_back.payload == longest, true);
        const auto chunks = co_await call(host, code, "chunks in pieces");
        EXPECT_EQ(chunks.payload, "in pieces");
        const auto reconnected = co_await call(host, code, "reconnect");
        EXPECT_EQ(reconnected.payload, "again");
        EXPECT_EQ(host->metrics().environments_started, 1u);
    });
}

// Goal: a function written as Lambda's documentation describes custom runtimes, in a shell, works.
TEST(Host, RunsAShellWithCurl) {
    Site site;
    if (!fs::exists("/usr/bin/curl")) GTEST_SKIP() << "takes curl";
    auto code = site.probe("shell");
    code->root = site.script("shell", R"(#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
head="$TMPDIR/head"
while true; do
    event=$(curl -sS -L -D "$head" "$api/invocation/next")
    id=$(grep -i '^Lambda-Runtime-Aws-Request-Id:' "$head" | tr -d '[:space:]' | cut -d: -f2)
    echo "got $event"
    curl -sS -X POST "$api/invocation/$id/response" -d "shell:$event" > "$TMPDIR/said"
done
)");
    with_host(site.options, [code](HostPtr host) -> io::Task<void> {
        for (const char* event : {"one", "two", "three"}) {
            const auto answer = co_await call(host, code, event);
            EXPECT_EQ(answer.payload, std::string("shell:") + event);
            EXPECT_THAT(answer.log, HasSubstr(std::string("got ") + event));
        }
        EXPECT_EQ(host->metrics().environments_started, 1u);
    });
}

// Goal: neither signals nor files nor invocations of one environment are another's. Method: one function knows the
// process and the folder of the other.
TEST(Host, KeepsEnvironmentsApart) {
    const Site site;
    if (site.options.users_first == 0) GTEST_SKIP() << "takes users of their own";
    auto one = site.probe("one");
    auto other = site.probe("other");
    with_host(site.options, [one, other](HostPtr host) -> io::Task<void> {
        const auto pid = co_await call(host, one, "pid");
        const auto folder = co_await call(host, one, "write secret");
        const auto killed = co_await call(host, other, "try-kill " + pid.payload);
        EXPECT_EQ(killed.payload, "Operation not permitted");
        const auto read = co_await call(host, other, "try-read " + folder.payload + "/secret");
        EXPECT_EQ(read.payload, "Permission denied");
        const auto variables = co_await call(host, other, "try-read /proc/" + pid.payload + "/environ");
        EXPECT_EQ(variables.payload, "Permission denied");
        const auto api = co_await call(host, one, "api");
        const auto stolen = co_await call(host, other, "try-steal " + api.payload);
        EXPECT_EQ(stolen.payload, "0");  // closed without a word
        const auto own = co_await call(host, one, "try-read " + folder.payload + "/secret");
        EXPECT_EQ(own.payload, "read");
    });
}

}  // namespace
}  // namespace cloudshelf::functions
