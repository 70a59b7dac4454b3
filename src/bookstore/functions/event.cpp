#include "bookstore/functions/function.hpp"
#include "wire/apigateway/query.hpp"

#include <array>
#include <utility>

namespace cloudshelf::bookstore {

namespace {

constexpr std::array<std::pair<std::string_view, Service>, 4> names{{
    {"catalog", Service::catalog},
    {"cart", Service::cart},
    {"auth", Service::auth},
    {"payments", Service::payments},
}};

constexpr std::array<std::pair<std::string_view, Service>, 6> paths{{
    {"/books", Service::catalog},
    {"/cart", Service::cart},
    {"/users", Service::auth},
    {"/sessions", Service::auth},
    {"/orders", Service::payments},
    {"/payments", Service::payments},
}};

}  // namespace

std::optional<Service> service_named(std::string_view name) {
    for (const auto& [known, service] : names) {
        if (known == name) return service;
    }
    return {};
}

std::optional<Service> service_of(std::string_view path) {
    for (const auto& [start, service] : paths) {
        if (path == start || (path.starts_with(start) && path[start.size()] == '/')) return service;
    }
    return {};
}

std::optional<Request> request_of(const apigateway::Event& event) {
    auto path = apigateway::decode(event.raw_path, apigateway::Plus::is_itself);
    if (!path) return {};
    return Request{
        .method = event.method,
        .path = std::move(*path),
        .query = apigateway::query_pairs(event.raw_query),
        .authorization = std::string(event.header("authorization")),
        .idempotency_key = std::string(event.header("idempotency-key")),
        .body = event.body,
        .attempt_id = std::string(event.stage_variable(attempt_variable)),
    };
}

apigateway::Answer answer_of(Response response) {
    apigateway::Answer answer{.status = response.status, .body = std::move(response.body)};
    answer.headers["Content-Type"] = "application/json";
    for (auto& [name, value] : response.headers) answer.headers[name] = std::move(value);
    if (response.outcome == Outcome::not_done) answer.headers[outcome_header] = "not-done";
    if (response.outcome == Outcome::unknown) answer.headers[outcome_header] = "unknown";
    return answer;
}

}  // namespace cloudshelf::bookstore
