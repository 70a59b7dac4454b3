#pragma once

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "io/clock.hpp"
#include "region/functions/dispatcher.hpp"
#include "region/functions/fake_runner_test.hpp"
#include "region/functions/service.hpp"
#include "region/functions/zip_test.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// A request before it is signed.
struct Ask {
    std::string method = "GET";
    std::string target = "/2015-03-31/functions";
    std::string body = {};
    io::Headers headers = {};
};

/// A region's functions in a temporary folder, with a runner that runs nothing, asked as a client asks, without a
/// socket in between. Its clock stands until it is moved.
struct Region {
    explicit Region(io::Executor made_on) : executor(std::move(made_on)) {}

    io::Task<Result<void>> start() {
        ServiceOptions options{
            .listen = {"127.69.251.1", 0}, .region = RegionName("us-east-1"), .data = folder / "data"
        };
        options.keyring = {{admin.access_key_id, admin}, {reader.access_key_id, reader}};
        options.sync = changelog::Sync::off;  // nobody cuts the power of a unit test
        options.wall_ms = [this] { return wall_ms.load(); };
        options.retry = std::chrono::milliseconds(60);
        options.concurrency = 20;
        if (adjust) adjust(options);
        const auto make_runner = [this](const RunnerTerms&) -> Result<RunnerInUse> {
            auto made = std::make_shared<FakeRunner>();
            runner = made.get();
            if (prepare) prepare(*runner);
            return RunnerInUse{.runner = std::move(made), .stop = {}, .append_metrics = {}};
        };
        service = std::make_unique<Service>(executor, std::move(options), make_runner);
        co_return co_await service->start();
    }
    io::Task<void> stop() {
        co_await service->stop(io::Deadline::after(std::chrono::seconds(5)));
        service.reset();
    }
    /// As after the program's end.
    io::Task<Result<void>> restart() {
        co_await stop();
        co_return co_await start();
    }

    io::Task<io::HttpResponse> answer(Ask ask, sigv4::Credentials by) {
        io::HttpRequest made{.method = ask.method, .target = ask.target, .headers = ask.headers, .body = ask.body};
        made.headers.emplace_back("Host", "functions");
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const auto now = sigv4::Time(std::chrono::seconds(wall_ms / 1000));
        for (auto& header : sigv4::sign(signing, by, {.region = "us-east-1", .service = "lambda"}, now))
            made.headers.push_back(std::move(header));
        co_return co_await service->answer(std::move(made));
    }
    io::Task<io::HttpResponse> answer(Ask ask) { return answer(std::move(ask), admin); }
    io::Task<io::HttpResponse> plain(std::string target) {
        io::HttpRequest made{.method = "GET", .target = std::move(target)};
        made.headers.emplace_back("Host", "functions");
        co_return co_await service->answer(std::move(made));
    }

    /// Makes a function; `more`: members of the request, each after a comma.
    io::Task<io::HttpResponse> create(std::string name, std::string more = {}, std::string zip = testing::package()) {
        Ask ask{.method = "POST"};
        ask.body = R"({"FunctionName":")" + name +
                   R"(","Runtime":"provided.al2023","Handler":"bootstrap",)"
                   R"("Role":"arn:aws:iam::000000000000:role/functions","Code":{"ZipFile":")" +
                   base64(zip) + "\"}" + more + "}";
        co_return co_await answer(std::move(ask));
    }
    io::Task<io::HttpResponse> call(std::string method, std::string path, std::string body = {}) {
        Ask ask{.method = std::move(method), .target = std::move(path), .body = std::move(body)};
        co_return co_await answer(std::move(ask));
    }
    io::Task<io::HttpResponse> invoke(std::string name, std::string payload, io::Headers headers = {}) {
        Ask ask{.method = "POST", .target = "/2015-03-31/functions/" + name + "/invocations"};
        ask.body = std::move(payload);
        ask.headers = std::move(headers);
        co_return co_await answer(std::move(ask));
    }
    io::Task<io::HttpResponse> invoke_later(std::string name, std::string payload) {
        return invoke(std::move(name), std::move(payload), {{"X-Amz-Invocation-Type", "Event"}});
    }
    /// Waits until the runner was asked so often.
    io::Task<bool> ran(std::size_t times) {
        const auto deadline = io::Deadline::after(std::chrono::seconds(10));
        while (runner->invocations.size() < times && !deadline.passed())
            co_await io::wait_for(std::chrono::milliseconds(1));
        co_return runner->invocations.size() >= times;
    }
    /// Waits until no event is left.
    io::Task<bool> settled() {
        const auto deadline = io::Deadline::after(std::chrono::seconds(10));
        while (!deadline.passed()) {
            if (service->events().size().events == 0) co_return true;
            co_await io::wait_for(std::chrono::milliseconds(1));
        }
        co_return false;
    }

    cloudshelf::testing::TemporaryFolder folder;
    io::Executor executor;
    std::atomic<std::int64_t> wall_ms = 1'790'000'000'000;  // any thread of the service reads it
    std::function<void(ServiceOptions&)> adjust;
    std::function<void(FakeRunner&)> prepare;
    sigv4::Credentials admin{.access_key_id = "AKIAADMIN", .secret_access_key = "admin", .profile = "admin"};
    sigv4::Credentials reader{
        .access_key_id = "AKIAREAD",
        .secret_access_key = "read",
        .permission = sigv4::Permission::read,
        .profile = "reader"
    };
    std::unique_ptr<Service> service;
    FakeRunner* runner = nullptr;
};

inline boost::json::value json(const io::HttpResponse& answer) {
    return boost::json::parse(answer.body);
}
inline std::string text(const boost::json::value& value) {
    return std::string(std::string_view(value.as_string()));
}
inline std::string error_of(const io::HttpResponse& answer) {
    return std::string(answer.header("x-amzn-ErrorType"));
}

}  // namespace cloudshelf::functions
