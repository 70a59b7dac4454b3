// Preflight requests: OPTIONS on a bucket or an object, which nobody signs.
#include "region/objects/settings_operations.hpp"
#include "wire/s3/cors.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;

Refusal forbidden(const Call& call, std::string message) {
    Refusal refusal(errors::named("AccessForbidden", std::move(message)));
    refusal.details = {
        {"Method", std::string(call.header("Access-Control-Request-Method"))},
        {"ResourceType", call.target.of_object() ? "OBJECT" : "BUCKET"},
    };
    return refusal;
}

std::vector<std::string> requested_headers(const Call& call) {
    std::vector<std::string> names;
    std::string_view rest = call.header("Access-Control-Request-Headers");
    while (!rest.empty()) {
        const auto name = s3::text::trimmed(s3::text::take_until(rest, ','));
        if (!name.empty()) names.emplace_back(name);
    }
    return names;
}

io::Task<Answer> preflight(Call call) {
    constexpr auto methods = std::to_array<std::string_view>({"GET", "PUT", "HEAD", "POST", "DELETE"});
    const std::string_view origin = call.header("Origin");
    const std::string_view method = call.header("Access-Control-Request-Method");
    if (origin.empty())
        co_return std::unexpected(errors::bad_request("Insufficient information. Origin request header needed."));
    if (std::ranges::find(methods, method) == methods.end()) {
        co_return std::unexpected(errors::bad_request(
            fmt::format("Invalid Access-Control-Request-Method: {}", method.empty() ? "null" : method)
        ));
    }
    if (!call.bucket || !call.bucket->settings.cors)
        co_return std::unexpected(forbidden(call, "CORSResponse: CORS is not enabled for this bucket."));
    const auto headers = requested_headers(call);
    const auto allowed = s3::match(*call.bucket->settings.cors, origin, method, headers);
    if (!allowed) {
        co_return std::unexpected(forbidden(
            call,
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request "
            "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
            "resource's CORS spec."
        ));
    }
    io::HttpResponse answer = empty_answer();
    const auto add = [&answer](std::string_view name, std::string_view value) {
        if (!value.empty()) answer.headers.emplace_back(name, value);
    };
    add("Access-Control-Allow-Origin", allowed->allow_origin);
    add("Access-Control-Allow-Methods", allowed->allow_methods);
    add("Access-Control-Allow-Headers", allowed->allow_headers);
    add("Access-Control-Expose-Headers", allowed->expose_headers);
    add("Access-Control-Max-Age", allowed->max_age_seconds ? std::to_string(*allowed->max_age_seconds) : "");
    add("Access-Control-Allow-Credentials", allowed->allow_credentials ? "true" : "");
    add("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    co_return answer;
}

}  // namespace

void add_cors_operations(Operations& to) {
    to["PreflightRequest"] = {.action = "", .handler = preflight};  // asks nothing of whoever asks
}

}  // namespace cloudshelf::objects
