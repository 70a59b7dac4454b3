#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

#include <string_view>

/// The errors of this folder, by name. What the service itself refuses keeps its name ("ResourceNotFoundException", …).
namespace cloudshelf::functions_client::errors {

/// Nobody answered. Whether it was done is what the connection knows of it.
inline Error unavailable(std::string_view server, const Error& why) {
    return {
        .code = "functions.unavailable",
        .message = why.message.contains(server) ? fmt::format("functions at {}", why.message)
                                                : fmt::format("functions at {}: {}", server, why.message),
        .certainty = why.certainty,
        .retryable = true,
    };
}

/// An answer that is none of Lambda's: another service, or a proxy on the way.
inline Error bad_answer(std::string_view server, int status, std::string_view what) {
    return {
        .code = "functions.bad-answer",
        .message = fmt::format("functions at {}: status {}, {}", server, status, what),
        .certainty = Certainty::unknown,
        .retryable = status >= 500,
    };
}

/// A function did not become what it was to be.
inline Error not_updated(std::string_view function, std::string_view why) {
    return {.code = "functions.not-updated", .message = fmt::format("{}: {}", function, why)};
}

}  // namespace cloudshelf::functions_client::errors
