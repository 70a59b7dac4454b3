#include "region/gateway/function_calls.hpp"

#include "base/digest.hpp"
#include "bookstore/functions/contract.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"
#include "wire/sigv4/sign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace cloudshelf::region {

using bookstore::Kind;
using bookstore::Outcome;
using bookstore::Response;

namespace {

constexpr Duration wait_limit = std::chrono::seconds(2);  // for a turn

std::string lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return lower;
}

Response surely_not_done(std::string_view code, std::string_view message) {
    auto response = bookstore::refusal(503, code, message);
    response.headers.emplace_back("Retry-After", "1");
    response.outcome = Outcome::not_done;
    return response;
}

Response busy() {
    return surely_not_done("busy", "too many requests are waiting; nothing was done, send it again");
}

/// A function has had the request, and what became of it is not known. Of a read nothing can have become.
Response in_doubt(Kind kind, std::string_view message) {
    if (kind == Kind::read || kind == Kind::sign_in) return bookstore::refusal(502, "function-failed", message);
    auto response = bookstore::refusal(503, "outcome-unknown", message);
    response.outcome = Outcome::unknown;
    return response;
}

/// What of an answer is the gateway's business and not the customer's.
bool is_internal(std::string_view name) {
    const auto lowered = lower(name);
    return lowered == lower(bookstore::outcome_header) || lowered == "content-length" || lowered == "connection" ||
           lowered == "transfer-encoding" || lowered == "content-type";
}

Response customers(apigateway::Answer answer) {
    Response response{.status = answer.status, .headers = {}, .body = std::move(answer.body)};
    for (auto& [name, value] : answer.headers) {
        if (lower(name) == lower(bookstore::outcome_header)) {
            response.outcome = value == "unknown" ? Outcome::unknown : Outcome::not_done;
        }
        if (!is_internal(name)) response.headers.emplace_back(name, std::move(value));
    }
    for (auto& cookie : answer.cookies) response.headers.emplace_back("Set-Cookie", std::move(cookie));
    return response;
}

}  // namespace

const FunctionRoute* route_of(const std::vector<FunctionRoute>& routes, std::string_view path) {
    const FunctionRoute* best = nullptr;
    for (const auto& route : routes) {
        const std::string_view start = route.path;
        const bool fits = path.starts_with(start) &&
                          (path.size() == start.size() || start.ends_with('/') || path[start.size()] == '/');
        if (fits && (best == nullptr || start.size() > best->path.size())) best = &route;
    }
    return best;
}

apigateway::Event event_of(const Attempt& attempt, std::int64_t now_ms) {
    const auto& http = *attempt.http;
    apigateway::Event event;
    event.route_key = "$default";
    event.raw_path = http.path();
    const auto mark = http.target.find('?');
    if (mark != std::string::npos) event.raw_query = http.target.substr(mark + 1);
    for (const auto& [name, value] : http.headers) {
        const auto key = lower(name);
        if (key == "cookie") {
            event.cookies.push_back(value);
            continue;
        }
        const auto [at, is_new] = event.headers.try_emplace(key, value);
        if (!is_new) at->second += "," + value;
    }
    if (!attempt.request.idempotency_key.empty()) event.headers["idempotency-key"] = attempt.request.idempotency_key;
    event.stage_variables[bookstore::writer_variable] = attempt.writer;
    if (!attempt.request.attempt_id.empty()) {
        event.stage_variables[bookstore::attempt_variable] = attempt.request.attempt_id;
    }
    event.method = http.method;
    event.domain_name = http.header("host");
    event.request_id = attempt.request.attempt_id;
    event.time_epoch_ms = now_ms;
    event.body = http.body;
    return event;
}

Response response_of(const Result<io::HttpResponse>& answer, Kind kind) {
    if (!answer && answer.error().certainty == Certainty::not_done) {
        return surely_not_done("no-functions", "no functions answer at the moment; nothing was done, send it again");
    }
    if (!answer) return in_doubt(kind, "a function did not answer in time");
    if (answer->status == 429) return busy();
    if (answer->status / 100 == 4) {
        return bookstore::refusal(502, "function-refused", fmt::format("Invoke answered {}", answer->status));
    }
    if (answer->status != 200) return in_doubt(kind, fmt::format("Invoke answered {}", answer->status));
    if (!answer->header("X-Amz-Function-Error").empty()) return in_doubt(kind, "a function ended before its answer");
    auto parsed = apigateway::parse_answer(answer->body);
    if (!parsed) return in_doubt(kind, "a function gave an answer that is none");
    return customers(std::move(*parsed));
}

FunctionCalls::FunctionCalls(io::Executor executor, Options options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      host_(options_.host.text()),
      client_(executor_, {.idle_connections_per_endpoint_max = 128}) {
    for (const auto& [kind, at_once] : options_.at_once) turns_[kind] = std::make_shared<io::Turns>(at_once);
}

io::HttpRequest FunctionCalls::invocation(const Attempt& attempt) const {
    const auto now = std::chrono::system_clock::now();
    const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    const auto colon = attempt.function.find(':');
    io::HttpRequest request{.method = "POST"};
    request.target = fmt::format("/2015-03-31/functions/{}/invocations", attempt.function.substr(0, colon));
    if (colon != std::string::npos) request.target += "?Qualifier=" + attempt.function.substr(colon + 1);
    request.headers = {{"Host", host_}, {"Content-Type", "application/json"}};
    request.body = print(event_of(attempt, now_ms));
    const auto digest = sha256_hex(request.body);
    const sigv4::Request to_sign{
        .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
    };
    const sigv4::SigningOptions scope{.region = options_.region, .service = "lambda"};
    const auto signature =
        sigv4::sign(to_sign, options_.credentials, scope, std::chrono::floor<std::chrono::seconds>(now));
    request.headers.insert(request.headers.end(), signature.begin(), signature.end());
    return request;
}

io::Task<Response> FunctionCalls::answer(Attempt attempt) {
    return answer_of(this, invocation(attempt), attempt.kind, io::Deadline::after(options_.limit));
}

io::Task<Response> FunctionCalls::answer_of(
    FunctionCalls* self, io::HttpRequest request, Kind kind, io::Deadline deadline
) {
    const auto turn = co_await io::Turns::take(self->turns_.at(kind), self->executor_, deadline.sooner(wait_limit));
    if (!turn) co_return busy();
    const std::string target = request.target;
    const auto answer = co_await self->client_.send(self->options_.host, std::move(request), deadline);
    const bool failed = !answer || answer->status != 200 || !answer->header("X-Amz-Function-Error").empty();
    if (failed) {
        io::log(
            io::Level::warning,
            "gateway.function-failed",
            {{"function", target},
             {"why", answer ? fmt::format("{} {}", answer->status, answer->body.substr(0, 300)) : answer.error().message
             }}
        );
    }
    co_return response_of(answer, kind);
}

}  // namespace cloudshelf::region
