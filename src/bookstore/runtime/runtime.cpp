#include "bookstore/runtime/runtime.hpp"

#include "io/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace cloudshelf::runtime {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view prefix = "/2018-06-01/runtime/";
constexpr Duration patience_for_work = 24h;  // the next invocation may be long in coming
constexpr Duration patience_for_answers = 10s;

/// The host, asked one question at a time. Blocks.
class Host {
public:
    explicit Host(const Options& options)
        : options_(options), client_(loop_.get_executor(), {.body_bytes_max = 16 << 20}) {}

    Result<io::HttpResponse> ask(io::HttpRequest request, Duration patience) {
        Result<io::HttpResponse> answer = fail("runtime.no-answer", "never asked");
        Duration pause = 10ms;
        for (unsigned tries = 1; tries <= options_.tries_max; ++tries) {
            answer = ask_once(request, patience);
            // Once a part of it was sent it may have been taken: whoever gets an answer twice would be misled.
            const bool again = !answer && (answer.error().certainty == Certainty::not_done || request.method == "GET");
            if (!again) break;
            std::this_thread::sleep_for(pause);
            pause *= 2;
        }
        return answer;
    }

private:
    Result<io::HttpResponse> ask_once(io::HttpRequest request, Duration patience) {
        Result<io::HttpResponse> answer = fail("runtime.no-answer", "a bug");
        loop_.restart();
        boost::asio::co_spawn(
            loop_,
            client_.send(options_.host, std::move(request), io::Deadline::after(patience)),
            [&](const std::exception_ptr& failed, Result<io::HttpResponse> result) {
                if (!failed) answer = std::move(result);
                loop_.stop();
            }
        );
        loop_.run();
        return answer;
    }

    Options options_;
    boost::asio::io_context loop_{1};
    io::HttpClient client_;
};

int give_up(std::string_view what, const Result<io::HttpResponse>& answer) {
    const auto why = answer ? fmt::format("status {}", answer->status) : answer.error().message;
    fmt::print(stderr, "the runtime API: {}: {}\n", what, why);
    return 1;
}

io::HttpRequest error_report(std::string target, const Error& error) {
    const json::object body{{"errorType", error.code}, {"errorMessage", error.message}, {"stackTrace", json::array{}}};
    return {
        .method = "POST",
        .target = std::move(target),
        .headers = {{"Content-Type", "application/json"}, {"Lambda-Runtime-Function-Error-Type", error.code}},
        .body = json::serialize(body),
    };
}

std::optional<Invocation> invocation_of(io::HttpResponse& answer) {
    Invocation invocation{
        .request_id = std::string(answer.header("Lambda-Runtime-Aws-Request-Id")),
        .arn = std::string(answer.header("Lambda-Runtime-Invoked-Function-Arn")),
        .trace_id = std::string(answer.header("Lambda-Runtime-Trace-Id")),
        .payload = std::move(answer.body),
    };
    const auto deadline = answer.header("Lambda-Runtime-Deadline-Ms");
    std::int64_t milliseconds = 0;
    std::from_chars(deadline.data(), deadline.data() + deadline.size(), milliseconds);
    invocation.deadline = std::chrono::milliseconds(milliseconds);
    if (invocation.request_id.empty()) return {};
    return invocation;
}

Result<std::string> call(const Handler& handler, const Invocation& invocation) {
    try {
        return handler(invocation);
    } catch (const std::exception& bug) {
        return fail("Unhandled", bug.what());
    }
}

}  // namespace

Result<io::Endpoint> host_from_environment() {
    const char* const text = std::getenv("AWS_LAMBDA_RUNTIME_API");
    if (text == nullptr) {
        return fail("runtime.no-host", "AWS_LAMBDA_RUNTIME_API is not set: this program is started by a Lambda host");
    }
    auto endpoint = io::Endpoint::parse(text);
    if (!endpoint) return fail("runtime.no-host", "AWS_LAMBDA_RUNTIME_API: " + endpoint.error().message);
    return endpoint;
}

int serve(const Options& options, const Handler& handler) {
    Host host(options);
    for (;;) {
        io::HttpRequest next{.target = fmt::format("{}invocation/next", prefix)};
        auto answer = host.ask(std::move(next), patience_for_work);
        if (!answer || answer->status != 200) return give_up("no next invocation", answer);
        const auto invocation = invocation_of(*answer);
        if (!invocation) return give_up("an invocation without a request id", answer);
        auto result = call(handler, *invocation);
        const auto target = fmt::format("{}invocation/{}/", prefix, invocation->request_id);
        io::HttpRequest report;
        if (result) {
            report.method = "POST";
            report.target = target + "response";
            report.headers = {{"Content-Type", "application/json"}};
            report.body = std::move(*result);
        } else {
            report = error_report(target + "error", result.error());
        }
        const auto taken = host.ask(std::move(report), patience_for_answers);
        if (!taken || taken->status / 100 != 2) return give_up("the answer was not taken", taken);
    }
}

void report_init_error(const Options& options, const Error& error) {
    Host host(options);
    const auto taken = host.ask(error_report(fmt::format("{}init/error", prefix), error), patience_for_answers);
    if (!taken || taken->status / 100 != 2) give_up("the error was not taken", taken);
}

}  // namespace cloudshelf::runtime
