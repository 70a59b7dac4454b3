#include "wire/apigateway/event.hpp"

#include "wire/apigateway/members.hpp"
#include "wire/apigateway/query.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace cloudshelf::apigateway {

namespace json = boost::json;

namespace {

json::object object_of(const std::map<std::string, std::string>& values) {
    json::object object;
    for (const auto& [name, value] : values) object.emplace(name, value);
    return object;
}

/// "30/Nov/2026:19:43:27 +0000", as `requestContext.time` says it.
std::string time_text(std::int64_t epoch_ms) {
    return fmt::format("{:%d/%b/%Y:%H:%M:%S +0000}", fmt::gmtime(static_cast<std::time_t>(epoch_ms / 1000)));
}

json::object context_of(const Event& event) {
    const json::object http{
        {"method", event.method},
        {"path", event.raw_path},
        {"protocol", event.protocol},
        {"sourceIp", event.source_ip},
        {"userAgent", event.header("user-agent")},
    };
    return {
        {"accountId", "anonymous"},
        {"apiId", "cloudshelf"},
        {"domainName", event.domain_name},
        {"domainPrefix", event.domain_name.substr(0, event.domain_name.find('.'))},
        {"http", http},
        {"requestId", event.request_id},
        {"routeKey", event.route_key},
        {"stage", event.stage},
        {"time", time_text(event.time_epoch_ms)},
        {"timeEpoch", event.time_epoch_ms},
    };
}

}  // namespace

std::string_view Event::header(std::string_view name) const {
    const auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Event::stage_variable(std::string_view name) const {
    const auto found = stage_variables.find(std::string(name));
    return found == stage_variables.end() ? std::string_view() : std::string_view(found->second);
}

std::string print(const Event& event) {
    json::object object{
        {"version", "2.0"},
        {"routeKey", event.route_key},
        {"rawPath", event.raw_path},
        {"rawQueryString", event.raw_query},
    };
    if (!event.cookies.empty()) object["cookies"] = json::array(event.cookies.begin(), event.cookies.end());
    object["headers"] = object_of(event.headers);
    const auto parameters = query_parameters(event.raw_query);
    if (!parameters.empty()) object["queryStringParameters"] = object_of(parameters);
    object["requestContext"] = context_of(event);
    if (!event.path_parameters.empty()) object["pathParameters"] = object_of(event.path_parameters);
    if (!event.stage_variables.empty()) object["stageVariables"] = object_of(event.stage_variables);
    put_body(object, event.body);
    return json::serialize(object);
}

Result<Event> parse_event(std::string_view text) {
    Members members(text, "apigateway.bad-event");
    Event event;
    event.route_key = members.text("routeKey");
    event.raw_path = members.text("rawPath");
    event.raw_query = members.text("rawQueryString");
    event.headers = members.texts("headers");
    event.cookies = members.list("cookies");
    event.path_parameters = members.texts("pathParameters");
    event.stage_variables = members.texts("stageVariables");
    event.body = members.body();
    members.enter("requestContext");
    event.domain_name = members.text("domainName");
    event.request_id = members.text("requestId");
    event.stage = members.text("stage");
    event.time_epoch_ms = members.number("timeEpoch", 0);
    members.enter("http");
    event.method = members.text("method");
    event.protocol = members.text("protocol");
    event.source_ip = members.text("sourceIp");
    if (members.problem()) return fail(*members.problem());
    if (event.method.empty()) return fail("apigateway.bad-event", "expected requestContext.http.method");
    return event;
}

}  // namespace cloudshelf::apigateway
