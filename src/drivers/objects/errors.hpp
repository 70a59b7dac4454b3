#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

#include <string_view>

/// The errors of this folder, by name. What the service itself refuses keeps its code ("NoSuchBucket",
/// "PreconditionFailed", "AccessDenied", …).
namespace cloudshelf::objects_client::errors {

/// Nobody answered. Whether it was done is what the connection knows of it.
inline Error unavailable(std::string_view server, const Error& why) {
    return {
        .code = "objects.unavailable",
        .message = fmt::format("objects at {}: {}", server, why.message),
        .certainty = why.certainty,
        .retryable = true,
    };
}

/// An answer that is none of S3's: another service, or a proxy on the way.
inline Error bad_answer(std::string_view server, int status, std::string_view what) {
    return {
        .code = "objects.bad-answer",
        .message = fmt::format("objects at {}: status {}, {}", server, status, what),
        .certainty = Certainty::unknown,
        .retryable = status >= 500,
    };
}

}  // namespace cloudshelf::objects_client::errors
