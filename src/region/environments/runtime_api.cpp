#include "region/environments/runtime_api.hpp"

#include "io/socket_owner.hpp"
#include "wire/lambda_runtime/call.hpp"

#include <charconv>
#include <utility>

namespace cloudshelf::functions {
namespace {

namespace runtime = lambda_runtime;
using Kind = runtime::Call::Kind;

io::HttpResponse to_http(runtime::Answer answer) {
    return io::HttpResponse::json(answer.status, std::move(answer.body));
}

bool is_streamed(const io::HttpRequest& head) {
    if (!head.header("Transfer-Encoding").empty()) return true;
    const auto text = head.header("Content-Length");
    std::uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length > runtime::response_bytes_max;
}

struct Body {
    std::string bytes;
    bool is_too_large = false;
    bool is_broken = false;  // the connection ended within it
};

io::Task<Body> read_body(io::HttpRequest request) {
    Body body{.bytes = std::move(request.body)};
    if (!request.incoming) co_return body;
    body.is_too_large = request.incoming->length().value_or(0) > runtime::response_bytes_max;
    while (!body.is_too_large) {
        const auto piece = co_await request.incoming->next();
        body.is_broken = !piece;
        if (!piece || piece->empty()) break;
        body.bytes += *piece;
        body.is_too_large = body.bytes.size() > runtime::response_bytes_max;
    }
    co_return body;
}

runtime::Answer post(RuntimeCalls& calls, Kind kind, RuntimeCalls::Posted posted) {
    switch (kind) {
        case Kind::response:
            return calls.respond(std::move(posted));
        case Kind::error:
            return calls.fail_invocation(std::move(posted));
        case Kind::init_error:
            return calls.fail_init(std::move(posted));
        case Kind::wrong_method:
            return runtime::wrong_method();
        default:
            return runtime::unknown_call();
    }
}

io::Task<io::HttpResponse> answer(std::weak_ptr<RuntimeCalls> weak, io::HttpRequest request) {
    const runtime::Call call = runtime::parse_call(request.method, request.target);
    if (call.kind == Kind::next) {
        const auto calls = weak.lock();
        if (!calls) co_return to_http(runtime::ending());
        auto invocation = co_await calls->next();
        co_return invocation;
    }
    RuntimeCalls::Posted posted{
        .request_id = std::string(call.request_id),
        .error_type = std::string(request.header("Lambda-Runtime-Function-Error-Type")),
    };
    Body body = co_await read_body(std::move(request));
    if (body.is_broken) co_return io::HttpResponse::error(400, "bad-request", "the body ended early");
    posted.body = std::move(body.bytes);
    posted.is_too_large = body.is_too_large;
    // Only now: an environment that ended while the body came takes nothing more.
    const auto calls = weak.lock();
    if (!calls) co_return to_http(runtime::ending());
    co_return to_http(post(*calls, call.kind, std::move(posted)));
}

/// A process may keep its connection silent for as long as it works.
constexpr Duration silence_max = std::chrono::hours(24);

io::HttpServer::Options options_of(std::string address, std::optional<uid_t> user) {
    io::HttpServer::Options options{
        .listen = {std::move(address), 0},
        .body_bytes_max = runtime::response_bytes_max,
        .header_bytes_max = 64 << 10,
        .connections_max = 32,
        .header_timeout = silence_max,
        .idle_timeout = silence_max,
        .streams = is_streamed,
        .streamed_body_bytes_max = std::uint64_t{1} << 40,
    };
    if (user) {
        options.admits = [user](const io::Endpoint& ours, const io::Endpoint& peer) {
            return io::socket_owner(peer, ours) == user;
        };
    }
    return options;
}

}  // namespace

RuntimeApi::RuntimeApi(
    io::Executor executor, std::string address, std::optional<uid_t> user, std::weak_ptr<RuntimeCalls> calls
)
    : server_(
          std::move(executor),
          options_of(std::move(address), user),
          [calls = std::move(calls)](io::HttpRequest request) { return answer(calls, std::move(request)); }
      ) {}

}  // namespace cloudshelf::functions
