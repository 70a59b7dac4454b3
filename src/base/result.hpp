#pragma once

#include <expected>
#include <string>
#include <utility>

namespace cloudshelf {

/// Whether the thing asked for happened. `unknown`: it may have, and is counted neither as done nor as not done.
enum class Certainty { not_done, unknown };

/// What went wrong. Made by name in the `errors.hpp` of the folder that reports it.
struct Error {
    std::string code;                           // "dns.stale-epoch": what a program may react to
    std::string message;                        // for a person, with names and numbers, and what to do
    Certainty certainty = Certainty::not_done;  // unknown: it may have happened
    bool retryable = false;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail("store.full", "…")` from any function that returns a Result.
inline std::unexpected<Error> fail(std::string code, std::string message) {
    return std::unexpected(Error{.code = std::move(code), .message = std::move(message)});
}
inline std::unexpected<Error> fail(Error error) {
    return std::unexpected(std::move(error));
}

}  // namespace cloudshelf
