#include "wire/lambda_runtime/failure.hpp"

#include "wire/lambda_runtime/call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>

namespace cloudshelf::lambda_runtime {
namespace {

namespace json = boost::json;

std::string_view name_of(int signal) {
    switch (signal) {
        case SIGHUP:
            return "hangup";
        case SIGINT:
            return "interrupt";
        case SIGQUIT:
            return "quit";
        case SIGILL:
            return "illegal instruction";
        case SIGTRAP:
            return "trace/breakpoint trap";
        case SIGABRT:
            return "aborted";
        case SIGBUS:
            return "bus error";
        case SIGFPE:
            return "floating point exception";
        case SIGKILL:
            return "killed";
        case SIGSEGV:
            return "segmentation fault";
        case SIGPIPE:
            return "broken pipe";
        case SIGALRM:
            return "alarm clock";
        case SIGTERM:
            return "terminated";
        case SIGXCPU:
            return "CPU time limit exceeded";
        case SIGXFSZ:
            return "file size limit exceeded";
        case SIGSYS:
            return "bad system call";
        default:
            return "";
    }
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// Nesting as deep as Boost.JSON allows by default; deeper ones are taken for no JSON.
std::optional<json::object> object_in(std::string_view body) {
    boost::system::error_code bad;
    auto value = json::parse(body, bad);
    if (bad || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

/// What processes say reaches JSON, which takes no bytes that are no text.
std::string plain(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

std::string type_or_unknown(std::string_view type) {
    return type.empty() ? "Runtime.Unknown" : plain(std::string(type.substr(0, 256)));
}

}  // namespace

std::string document(const Failure& failure) {
    return json::serialize(json::object{{"errorType", plain(failure.type)}, {"errorMessage", plain(failure.message)}});
}

std::string text_of(Ending ending) {
    if (ending.signal == 0) return fmt::format("exit status {}", ending.status);
    const auto name = name_of(ending.signal);
    return name.empty() ? fmt::format("signal: {}", ending.signal) : fmt::format("signal: {}", name);
}

Failure exited(std::string_view request_id, Ending ending) {
    // Lambda says it so, also of a runtime that ended without an error of its own.
    const bool quietly = ending.signal == 0 && ending.status == 0;
    const std::string how = quietly ? "Runtime exited without providing a reason"
                                    : fmt::format("Runtime exited with error: {}", text_of(ending));
    return {.type = "Runtime.ExitError", .message = fmt::format("RequestId: {} Error: {}", request_id, how)};
}

Failure timed_out(std::string_view request_id, std::string_view utc_now, Duration timeout) {
    return {
        .type = "Sandbox.Timeout",
        .message = fmt::format("{} {} Task timed out after {:.2f} seconds", utc_now, request_id, seconds(timeout)),
    };
}

Failure invalid_entrypoint(std::string_view request_id, std::string_view why) {
    return {
        .type = "Runtime.InvalidEntrypoint",
        .message = fmt::format("RequestId: {} Error: fork/exec bootstrap: {}", request_id, why),
    };
}

Failure response_too_large() {
    return {
        .type = "Function.ResponseSizeTooLarge",
        .message =
            fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", response_bytes_max),
    };
}

Failure slow_start(Duration limit) {
    return {
        .type = "Sandbox.Timeout",
        .message = fmt::format("Init timed out after {:.2f} seconds", seconds(limit)),
    };
}

std::string posted(std::string_view type, std::string_view body) {
    if (object_in(body)) return std::string(body);
    return document({.type = type_or_unknown(type), .message = ""});
}

std::string type_of_posted(std::string_view type, std::string_view body) {
    if (!type.empty()) return type_or_unknown(type);
    const auto object = object_in(body);
    const auto* found = object ? object->if_contains("errorType") : nullptr;
    return type_or_unknown(found != nullptr && found->is_string() ? std::string_view(found->get_string()) : "");
}

}  // namespace cloudshelf::lambda_runtime
