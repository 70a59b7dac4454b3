#include "twin/call.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::twin {
namespace {

namespace json = boost::json;

io::Task<Result<io::HttpResponse>> send(Callee to, io::HttpRequest request, io::Deadline deadline) {
    const auto executor = co_await boost::asio::this_coro::executor;
    if (to.name.empty()) {
        io::HttpClient plain(executor, {.reuse_connections = false});
        auto answer = co_await plain.send(std::move(to.endpoint), std::move(request), deadline);
        co_return answer;
    }
    auto tls = io::TlsContext::open({.identity = std::move(to.own)});
    if (!tls) co_return fail(tls.error());
    io::HttpClient client(
        executor, {.reuse_connections = false, .tls = std::move(*tls), .names = {{to.endpoint, std::move(to.name)}}}
    );
    auto answer = co_await client.send(std::move(to.endpoint), std::move(request), deadline);
    co_return answer;
}

Error error_of(const Call& request, const io::HttpResponse& answer) {
    boost::system::error_code bad;
    const json::value body = json::parse(answer.body, bad);
    if (!bad) {
        const auto* code = body.is_object() && body.as_object().contains("error")
                               ? body.at("error").as_object().if_contains("code")
                               : nullptr;
        const auto* message = code ? body.at("error").as_object().if_contains("message") : nullptr;
        if (code && message && code->is_string() && message->is_string()) {
            return {.code = code->as_string().c_str(), .message = message->as_string().c_str()};
        }
    }
    return {
        .code = fmt::format("http.{}", answer.status),
        .message = fmt::format(
            "{} {} at {}: status {}", request.method, request.target, request.to.endpoint.text(), answer.status
        ),
    };
}

}  // namespace

Result<std::string> call_for_text(Call request) {
    io::HttpRequest http{.method = request.method, .target = request.target};
    if (!request.token.empty()) http.headers.emplace_back("Authorization", "Bearer " + request.token);
    if (!request.body.is_null()) {
        http.headers.emplace_back("Content-Type", "application/json");
        http.body = json::serialize(request.body);
    }
    boost::asio::io_context loop(1);
    auto task = send(request.to, std::move(http), io::Deadline::after(request.limit));
    auto future = boost::asio::co_spawn(loop, std::move(task), boost::asio::use_future);
    loop.run();
    const auto answer = future.get();
    if (!answer) return fail(answer.error());
    if (answer->status >= 400) return fail(error_of(request, *answer));
    return answer->body;
}

Result<json::value> call(Call request) {
    const std::string what = fmt::format("{} at {}", request.target, request.to.endpoint.text());
    const auto text = call_for_text(std::move(request));
    if (!text) return fail(text.error());
    if (text->empty()) return json::value();
    boost::system::error_code bad;
    json::value body = json::parse(*text, bad);
    if (bad) return fail("io.bad-answer", fmt::format("{} answered no JSON", what));
    return body;
}

}  // namespace cloudshelf::twin
