#pragma once

#include <string>
#include <string_view>

namespace cloudshelf::lambda_runtime {

/// What the host says to a function's process, except for invocations themselves.
struct Answer {
    int status = 202;
    std::string body;
};

Answer accepted();
/// Another invocation's id, or one that ended: 400.
Answer invalid_request_id(std::string_view id);
/// A call that does not fit what the process does now: 403.
Answer invalid_state();
Answer too_large();
Answer unknown_call();
Answer wrong_method();
/// The environment is about to end: whoever gets this should exit.
Answer ending();

}  // namespace cloudshelf::lambda_runtime
