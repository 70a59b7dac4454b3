// Invoke: now, later, or not at all.
#include "base/base64.hpp"
#include "region/functions/catalogue.hpp"
#include "region/functions/dispatcher.hpp"
#include "region/functions/event_queue.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/alias.hpp"
#include "wire/lambda/headers.hpp"
#include "wire/lambda/invocation.hpp"

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;
namespace headers = lambda::headers;
using lambda::InvocationType;

/// What Invoke's request says, all of it checked.
struct InvokeRequest {
    InvocationType type = InvocationType::request_response;
    bool wants_log = false;
    std::string client_context;
    std::string payload;
};

Result<InvokeRequest> read_invoke(const io::HttpRequest& request) {
    const auto type = lambda::read_invocation_type(request.header(headers::invocation_type));
    if (!type) return fail(type.error());
    const auto wants_log = lambda::read_log_type(request.header(headers::log_type));
    if (!wants_log) return fail(wants_log.error());
    auto context = lambda::read_client_context(request.header(headers::client_context));
    if (!context) return fail(context.error());
    auto payload = lambda::read_payload(request.body, *type);
    if (!payload) return fail(payload.error());
    return InvokeRequest{
        .type = *type,
        .wants_log = *wants_log,
        .client_context = std::move(*context),
        .payload = std::move(*payload),
    };
}

/// The version that runs: an alias of two is drawn.
const Version* draw_version(const FoundVersion& found) {
    const auto& function = *found.function;
    const auto alias = function.aliases.find(found.named.qualifier);
    if (alias == function.aliases.end()) return found.version;
    return function.version(lambda::pick_version(alias->second, draw_unit()));
}

Refusal refusal_of(const Error& error, const Function& function) {
    if (error.code == "functions.throttled") {
        return {
            errors::too_many_requests(),
            function.reserved ? lambda::Throttled::reserved : lambda::Throttled::host,
        };
    }
    if (error.code == "functions.stopping") return errors::service("The host is stopping; try again.");
    return error;
}

io::Task<Answer> invoke_now(Call call, FoundVersion found, InvokeRequest request) {
    const auto* version = draw_version(found);
    if (version == nullptr) co_return std::unexpected(errors::function_not_found(found.named.arn));
    auto code = call.service.runnables().runnable(*found.function, *version);
    if (!code) co_return std::unexpected(code.error());
    Invocation invocation{
        .request_id = call.request_id,
        .arn = found.named.arn,
        .payload = std::move(request.payload),
        .trace_id = std::string(call.request.header(headers::trace_id)),
        .client_context = std::move(request.client_context),
        .wants_log = request.wants_log,
    };
    const auto number = version->number;
    auto outcome = co_await call.service.runnables().runner().invoke(std::move(*code), std::move(invocation));
    if (!outcome) co_return std::unexpected(refusal_of(outcome.error(), *found.function));
    io::HttpResponse response{.status = 200, .headers = {}, .body = std::move(outcome->payload)};
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back(headers::executed_version, number);
    if (outcome->function_error) response.headers.emplace_back(headers::function_error, *outcome->function_error);
    if (request.wants_log) response.headers.emplace_back(headers::log_result, base64(outcome->log));
    co_return response;
}

io::Task<Answer> invoke_later(Call call, Named named, InvokeRequest request) {
    const auto now_ms = call.service.wall_ms();
    Due due{.due_ms = now_ms, .event = {}};
    due.event.id = call.request_id;
    due.event.function = named.name;
    due.event.qualifier = named.qualifier;
    due.event.payload = std::move(request.payload);
    due.event.client_context = std::move(request.client_context);
    due.event.trace_id = call.request.header(headers::trace_id);
    due.event.accepted_ms = now_ms;
    const auto queued = co_await call.service.events().add(std::move(due));
    if (!queued && queued.error().code == "functions.too-many-events")
        co_return std::unexpected(Refusal(errors::too_many_requests(), lambda::Throttled::host));
    if (!queued) co_return std::unexpected(queued.error());
    call.service.dispatcher().wake();
    co_return answer_nothing(202);
}

io::Task<Answer> invoke(Call call) {
    auto request = read_invoke(call.request);
    if (!request) co_return std::unexpected(request.error());
    auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    if (request->type == InvocationType::dry_run) co_return answer_nothing(204);
    if (request->type == InvocationType::event)
        co_return co_await invoke_later(call, std::move(found->named), std::move(*request));
    co_return co_await invoke_now(call, std::move(*found), std::move(*request));
}

}  // namespace

void add_invoke_operations(Operations& to) {
    to["Invoke"] = {
        .permission = sigv4::Permission::write,
        .handler = invoke,
        .body = Body::raw,
        .body_bytes_max = lambda::payload_bytes_max,
    };
}

}  // namespace cloudshelf::functions
