#include "wire/lambda_runtime/answers.hpp"

#include "wire/lambda_runtime/call.hpp"
#include "wire/lambda_runtime/failure.hpp"

#include <fmt/format.h>

namespace cloudshelf::lambda_runtime {
namespace {

Answer refused(int status, std::string_view type, std::string message) {
    return {.status = status, .body = document({.type = std::string(type), .message = std::move(message)})};
}

}  // namespace

Answer accepted() {
    return {.status = 202, .body = R"({"status":"OK"})"};
}
Answer invalid_request_id(std::string_view id) {
    return refused(400, "InvalidRequestID", fmt::format("Invalid request ID: {}", id.substr(0, 100)));
}
Answer invalid_state() {
    return refused(403, "InvalidStateTransition", "Transition is not allowed");
}
Answer too_large() {
    return refused(
        413,
        "RequestEntityTooLarge",
        fmt::format("Exceeded maximum allowed payload size ({} bytes).", response_bytes_max)
    );
}
Answer unknown_call() {
    return refused(404, "NotFound", "no such call in runtime API 2018-06-01");
}
Answer wrong_method() {
    return refused(405, "MethodNotAllowed", "the call takes another method");
}
Answer ending() {
    return refused(500, "InternalServerError", "the environment is ending");
}

}  // namespace cloudshelf::lambda_runtime
