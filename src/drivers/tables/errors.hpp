#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

#include <string_view>

/// The errors of this folder, by name. What the service itself refuses keeps its short name
/// ("ConditionalCheckFailedException", "ResourceNotFoundException", …).
namespace cloudshelf::tables_client::errors {

/// Nobody answered. Whether it was done is what the connection knows of it.
inline Error unavailable(std::string_view server, const Error& why) {
    return {
        .code = "tables.unavailable",
        .message = why.message.contains(server) ? fmt::format("tables at {}", why.message)
                                                : fmt::format("tables at {}: {}", server, why.message),
        .certainty = why.certainty,
        .retryable = true,
    };
}

/// An answer that is none of DynamoDB's: another service, or a proxy on the way.
inline Error bad_answer(std::string_view server, int status, std::string_view what) {
    return {
        .code = "tables.bad-answer",
        .message = fmt::format("tables at {}: status {}, {}", server, status, what),
        .certainty = Certainty::unknown,
        .retryable = status >= 500,
    };
}

}  // namespace cloudshelf::tables_client::errors
