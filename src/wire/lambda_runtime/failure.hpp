#pragma once

#include "base/time.hpp"

#include <string>
#include <string_view>

namespace cloudshelf::lambda_runtime {

/// Why an invocation has no answer of the function: what its caller gets instead.
struct Failure {
    std::string type;     // "Runtime.ExitError"
    std::string message;  // as Lambda words it
};

/// {"errorType": …, "errorMessage": …}
std::string document(const Failure& failure);

/// How a process ended: by itself, or by a signal.
struct Ending {
    int status = 0;
    int signal = 0;
};
/// "exit status 1", "signal: segmentation fault".
std::string text_of(Ending ending);

Failure exited(std::string_view request_id, Ending ending);
Failure timed_out(std::string_view request_id, std::string_view utc_now, Duration timeout);
/// No `bootstrap`, or one that cannot be run. `why`: "no such file or directory".
Failure invalid_entrypoint(std::string_view request_id, std::string_view why);
Failure response_too_large();
/// The process had not asked for its first invocation when its time to start was over.
Failure slow_start(Duration limit);

/// What a process said of its own failure: the body that it posted, or a document around its type where the body is no
/// JSON object. `type`: the header Lambda-Runtime-Function-Error-Type, or empty.
std::string posted(std::string_view type, std::string_view body);
/// The type alone, for counting: of the header, of the body, or "Runtime.Unknown".
std::string type_of_posted(std::string_view type, std::string_view body);

}  // namespace cloudshelf::lambda_runtime
