#include "support/corpus.hpp"
#include "wire/lambda_runtime/answers.hpp"
#include "wire/lambda_runtime/call.hpp"
#include "wire/lambda_runtime/failure.hpp"
#include "wire/lambda_runtime/log_lines.hpp"

#include <gtest/gtest.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cloudshelf::lambda_runtime {
namespace {

using namespace std::chrono_literals;
using Kind = Call::Kind;

TEST(LambdaRuntime, KnowsItsCalls) {
    EXPECT_EQ(parse_call("GET", "/2018-06-01/runtime/invocation/next").kind, Kind::next);
    EXPECT_EQ(parse_call("GET", "/2018-06-01/runtime/invocation/next?a=b").kind, Kind::next);
    EXPECT_EQ(parse_call("POST", "/2018-06-01/runtime/init/error").kind, Kind::init_error);
    const auto response = parse_call("POST", "/2018-06-01/runtime/invocation/8476a536/response");
    EXPECT_EQ(response.kind, Kind::response);
    EXPECT_EQ(response.request_id, "8476a536");
    EXPECT_EQ(parse_call("POST", "/2018-06-01/runtime/invocation/8476a536/error").kind, Kind::error);
}

TEST(LambdaRuntime, RefusesOtherCalls) {
    EXPECT_EQ(parse_call("POST", "/2018-06-01/runtime/invocation/next").kind, Kind::wrong_method);
    EXPECT_EQ(parse_call("GET", "/2018-06-01/runtime/invocation/1/response").kind, Kind::wrong_method);
    for (const char* path :
         {"/",
          "/2018-06-01/runtime/",
          "/2018-06-01/runtime/invocation//response",
          "/2018-06-01/runtime/invocation/1/2/response",
          "/2018-06-01/runtime/invocation/1",
          "/2020-01-01/extension/register"}) {
        EXPECT_EQ(parse_call("POST", path).kind, Kind::unknown) << path;
    }
}

TEST(LambdaRuntime, SaysHowAProcessEndedAsLambdaDoes) {
    EXPECT_EQ(text_of({.status = 3}), "exit status 3");
    EXPECT_EQ(text_of({.signal = 11}), "signal: segmentation fault");
    EXPECT_EQ(text_of({.signal = 9}), "signal: killed");
    EXPECT_EQ(text_of({.signal = 40}), "signal: 40");
    EXPECT_EQ(
        document(exited("r-1", {.status = 1})),
        R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 1"})"
    );
    EXPECT_EQ(exited("r-1", {}).message, "RequestId: r-1 Error: Runtime exited without providing a reason");
    EXPECT_EQ(
        timed_out("r-1", "2026-11-30T12:00:00.000Z", 3s).message,
        "2026-11-30T12:00:00.000Z r-1 Task timed out after 3.00 seconds"
    );
}

// Goal: a caller gets an object whatever a function posts.
TEST(LambdaRuntime, PassesOnWhatAFunctionSaysOfItsFailure) {
    const std::string body = R"({"errorMessage":"no","errorType":"Mine","stackTrace":[]})";
    EXPECT_EQ(posted("", body), body);
    EXPECT_EQ(type_of_posted("", body), "Mine");
    EXPECT_EQ(type_of_posted("Function.Reason", body), "Function.Reason");
    EXPECT_EQ(posted("Function.Reason", "no JSON"), R"({"errorType":"Function.Reason","errorMessage":""})");
    EXPECT_EQ(type_of_posted("", "[]"), "Runtime.Unknown");
}

TEST(LambdaRuntime, AnswersWithStatusAndType) {
    EXPECT_EQ(accepted().status, 202);
    EXPECT_EQ(invalid_request_id("x").status, 400);
    EXPECT_TRUE(invalid_request_id("x").body.contains("InvalidRequestID"));
    EXPECT_EQ(invalid_state().status, 403);
    EXPECT_TRUE(invalid_state().body.contains("InvalidStateTransition"));
    EXPECT_EQ(too_large().status, 413);
}

TEST(LambdaRuntime, ReportsInLambdasWords) {
    EXPECT_EQ(start_line("r-1", "$LATEST"), "START RequestId: r-1 Version: $LATEST\n");
    EXPECT_EQ(
        report_line({.request_id = "r-1", .duration = 1234567ns, .memory_mib = 128, .memory_max_mib = 7}),
        "REPORT RequestId: r-1\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 7 "
        "MB\t\n"
    );
    EXPECT_TRUE(report_line({.request_id = "r", .init_duration = 5ms}).ends_with("Init Duration: 5.00 ms\t\n"));
    EXPECT_EQ(tail_of(std::string(5000, 'x')).size(), log_tail_bytes);
}

TEST(LambdaRuntime, TakesAnyBytes) {
    testing::feed("wire_lambda_runtime_runtime_fuzz", LLVMFuzzerTestOneInput);
}

}  // namespace
}  // namespace cloudshelf::lambda_runtime
