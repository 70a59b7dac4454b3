#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

#include <string_view>

/// The errors of this folder, by name.
namespace cloudshelf::edge::errors {

inline Error bad_option(std::string message) {
    return {.code = "edge.bad-option", .message = std::move(message)};
}

/// nginx says no: its own words, which name file and line.
inline Error bad_configuration(std::string_view said) {
    return {.code = "edge.bad-configuration", .message = fmt::format("nginx refuses its configuration: {}", said)};
}

/// `folders`: where it was looked for.
inline Error no_nginx(std::string_view folders) {
    return {
        .code = "edge.no-nginx",
        .message = fmt::format("there is no nginx in any of {}: Debian's package nginx has it", folders),
    };
}

/// It ended before it listened, or did not listen in time.
inline Error not_up(std::string_view why) {
    return {.code = "edge.not-up", .message = fmt::format("nginx does not come up: {}", why)};
}

inline Error not_running() {
    return {.code = "edge.not-running", .message = "nginx is not running"};
}

/// Nobody answered at the edge.
inline Error unavailable(std::string_view edge, const Error& why) {
    return {
        .code = "edge.unavailable",
        .message = fmt::format("edge at {}: {}", edge, why.message),
        .certainty = why.certainty,
        .retryable = true,
    };
}

/// It took the request for a customer's: another secret.
inline Error not_refreshed(std::string_view edge, std::string_view path, std::string_view cache) {
    return {
        .code = "edge.not-refreshed",
        .message =
            fmt::format("edge at {}: {} was answered with X-Cache: {}, so it knows another secret", edge, path, cache),
    };
}

/// It asked its origins, and neither had an answer to the page.
inline Error no_origin(std::string_view edge, std::string_view path, int status) {
    return {
        .code = "edge.no-origin",
        .message =
            fmt::format("edge at {}: {} was answered with {}: neither origin has it to give", edge, path, status),
        .retryable = true,
    };
}

}  // namespace cloudshelf::edge::errors
