#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/http.hpp"

#include <chrono>
#include <functional>
#include <string>

/// The function's end of Lambda's runtime API, version 2018-06-01 (docs.aws.amazon.com/lambda, "Using the Lambda
/// runtime API for custom runtimes"): on AWS and on our own host alike.
namespace cloudshelf::runtime {

struct Invocation {
    std::string request_id;
    std::string arn;
    std::string trace_id;
    std::string payload;
    std::chrono::milliseconds deadline{};  // Unix time
};

/// What a function gives back, or an error whose code becomes "errorType" and whose message "errorMessage".
using Handler = std::function<Result<std::string>(const Invocation&)>;

/// Where the runtime API is, by AWS_LAMBDA_RUNTIME_API ("host:port"). Errors: "runtime.no-host".
Result<io::Endpoint> host_from_environment();

struct Options {
    io::Endpoint host;
    unsigned tries_max = 5;  // for one question that gets no answer, with growing pauses between them
};

/// Takes one invocation after the other, for as long as the host answers; then says on stderr why it ends, and answers
/// the exit status. An answer that the host did not take ends it too: the host starts another environment, while one
/// that goes on in doubt could give its answer to somebody else.
int serve(const Options& options, const Handler& handler);

/// Tells the host that this environment cannot start; to be followed by the end of the process.
void report_init_error(const Options& options, const Error& error);

}  // namespace cloudshelf::runtime
