#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What a gateway and a function say to each other: API Gateway's payload format 2.0 for Lambda proxy integrations of
/// HTTP APIs (docs.aws.amazon.com/apigateway, "Working with AWS Lambda proxy integrations for HTTP APIs").
namespace cloudshelf::apigateway {

/// A request of a customer, as a function gets it.
struct Event {
    std::string route_key;                       // "GET /books" or "$default"
    std::string raw_path;                        // not decoded
    std::string raw_query;                       // without "?"
    std::map<std::string, std::string> headers;  // names in small letters; several of one name joined with ","
    std::vector<std::string> cookies;            // "name=value"
    std::map<std::string, std::string> path_parameters;
    std::map<std::string, std::string> stage_variables;
    std::string method;
    std::string protocol = "HTTP/1.1";
    std::string source_ip;
    std::string domain_name;
    std::string request_id;
    std::string stage = "$default";
    std::int64_t time_epoch_ms = 0;  // when the request came
    std::string body;                // bytes: what is no UTF-8 crosses as base64

    /// The value of a header, its name in small letters, or an empty text.
    std::string_view header(std::string_view name) const;
    /// The value of a stage variable, or an empty text.
    std::string_view stage_variable(std::string_view name) const;
};

/// One line of JSON, with what the gateway makes of the request: decoded query parameters, times as text.
std::string print(const Event& event);
/// Members that it does not know are passed over. Errors: "apigateway.bad-event".
Result<Event> parse_event(std::string_view text);

/// What a function answers a customer.
struct Answer {
    int status = 200;
    std::map<std::string, std::string> headers;
    std::vector<std::string> cookies;
    std::string body;  // bytes
};

std::string print(const Answer& answer);
/// As a gateway reads what a function gave back: without "statusCode", valid JSON as a whole is the body of a 200 with
/// Content-Type application/json. Errors: "apigateway.bad-answer" (a gateway answers its customer 500 or 502).
Result<Answer> parse_answer(std::string_view text);

}  // namespace cloudshelf::apigateway
