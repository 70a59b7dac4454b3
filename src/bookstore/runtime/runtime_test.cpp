// Goal: a function takes what the host gives, answers each by its own id, and ends where it could mislead anybody.
// Method: a host of HTTP in the same process.
#include "bookstore/runtime/runtime.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace cloudshelf::runtime {
namespace {

namespace json = boost::json;

struct Heard {
    std::string target;
    std::string body;
    std::string error_type;
};

/// Gives its invocations one after the other, then answers `next` with 500, which ends the function.
struct TestHost {
    explicit TestHost(std::vector<std::string> payloads_in) : payloads(std::move(payloads_in)) {
        server.emplace(
            loop.get_executor(),
            io::HttpServer::Options{.listen = {"127.46.5.1", 0}},
            [this](io::HttpRequest request) { return answer(this, std::move(request)); }
        );
        EXPECT_TRUE(server->start());
        runner = std::jthread([this] { loop.run(); });
    }
    ~TestHost() { end(); }
    /// From here on what it heard may be looked at.
    void end() {
        loop.stop();
        if (runner.joinable()) runner.join();
    }

    static io::Task<io::HttpResponse> answer(TestHost* self, io::HttpRequest request) {
        if (request.target == "/2018-06-01/runtime/invocation/next") {
            if (self->given == self->payloads.size()) co_return io::HttpResponse::text(500, "end");
            auto response = io::HttpResponse::json(200, self->payloads[self->given]);
            ++self->given;
            const auto id = "id-" + std::to_string(self->given);
            response.headers.emplace_back("Lambda-Runtime-Aws-Request-Id", self->gives_ids ? id : "");
            response.headers.emplace_back("Lambda-Runtime-Deadline-Ms", "1542409706888");
            response.headers.emplace_back("Lambda-Runtime-Invoked-Function-Arn", "arn:f");
            co_return response;
        }
        self->heard.push_back(
            {request.target, request.body, std::string(request.header("Lambda-Runtime-Function-Error-Type"))}
        );
        co_return io::HttpResponse::json(self->verdict, "{}");
    }
    Options options() const { return {.host = {"127.46.5.1", server->port()}, .tries_max = 2}; }

    std::vector<std::string> payloads;
    std::size_t given = 0;
    std::vector<Heard> heard;
    int verdict = 202;
    bool gives_ids = true;
    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{loop.get_executor()};
    std::optional<io::HttpServer> server;
    std::jthread runner;
};

Result<std::string> upper(const Invocation& invocation) {
    EXPECT_EQ(invocation.arn, "arn:f");
    EXPECT_EQ(invocation.deadline.count(), 1'542'409'706'888);
    if (invocation.payload == "fail") return fail("Book.Missing", "no such book");
    if (invocation.payload == "throw") throw std::runtime_error("a bug");
    return "<" + invocation.payload + ">";
}

TEST(Runtime, AnswersEachByItsId) {
    TestHost host({"one", "fail", "throw", "two"});
    EXPECT_EQ(serve(host.options(), upper), 1);
    host.end();
    ASSERT_EQ(host.heard.size(), 4U);
    EXPECT_EQ(host.heard[0].target, "/2018-06-01/runtime/invocation/id-1/response");
    EXPECT_EQ(host.heard[0].body, "<one>");
    EXPECT_EQ(host.heard[1].target, "/2018-06-01/runtime/invocation/id-2/error");
    EXPECT_EQ(host.heard[1].error_type, "Book.Missing");
    EXPECT_EQ(json::parse(host.heard[1].body).at("errorMessage"), "no such book");
    EXPECT_EQ(host.heard[2].error_type, "Unhandled");
    EXPECT_EQ(host.heard[3].target, "/2018-06-01/runtime/invocation/id-4/response");
}

TEST(Runtime, EndsWhenAnAnswerIsNotTaken) {
    TestHost host({"one", "two"});
    host.verdict = 403;
    EXPECT_EQ(serve(host.options(), upper), 1);
    host.end();
    EXPECT_EQ(host.heard.size(), 1U);
    EXPECT_EQ(host.given, 1U);
}

TEST(Runtime, TakesNothingWithoutAnId) {
    TestHost host({"one"});
    host.gives_ids = false;
    EXPECT_EQ(serve(host.options(), upper), 1);
    host.end();
    EXPECT_TRUE(host.heard.empty());
}

TEST(Runtime, EndsWhenNobodyAnswers) {
    EXPECT_EQ(serve({.host = {"127.46.5.1", 1}, .tries_max = 2}, upper), 1);
}

TEST(Runtime, ReportsThatItCannotStart) {
    TestHost host({});
    report_init_error(host.options(), {.code = "Settings.Missing", .message = "DB_HOSTS"});
    host.end();
    ASSERT_EQ(host.heard.size(), 1U);
    EXPECT_EQ(host.heard[0].target, "/2018-06-01/runtime/init/error");
    EXPECT_EQ(host.heard[0].error_type, "Settings.Missing");
}

}  // namespace
}  // namespace cloudshelf::runtime
