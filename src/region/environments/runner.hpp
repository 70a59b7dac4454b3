#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/task.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// A function's code and configuration as they are at one revision: what an environment is started from. A published
/// version never changes; $LATEST is another one after each update.
struct Runnable {
    std::string function;        // its name
    std::string version;         // "$LATEST" or "1", "2", …
    std::string revision;        // unique for each state of the code and the configuration: environments are kept by it
    std::filesystem::path root;  // the unpacked package, read only; `bootstrap` is in it
    std::string handler;
    std::map<std::string, std::string> variables;  // the configuration's, without those that the host sets
    std::size_t memory_mib = 128;
    Duration timeout = std::chrono::seconds(3);
};

struct Invocation {
    std::string request_id;      // a UUID
    std::string arn;             // as invoked: with the alias where there was one
    std::string payload;         // bytes, usually JSON
    std::string trace_id;        // X-Amzn-Trace-Id, or empty
    std::string client_context;  // JSON, not base64; or empty
    bool wants_log = false;
};

/// How an invocation ended, as Lambda reports it: an error of the function is no error of the service.
struct Outcome {
    std::string payload;                        // the answer, or {"errorMessage", "errorType", "stackTrace"?}
    std::optional<std::string> function_error;  // X-Amz-Function-Error: "Unhandled" where the function failed
    std::string log;                            // the last 4 KiB of what it wrote, START, END and REPORT included
    Duration duration{};
    Duration init_duration{};  // zero unless this invocation waited for its environment to start
    std::size_t memory_max_mib = 0;
};

/// How far provisioned concurrency of a version is.
struct Provisioned {
    std::size_t requested = 0;
    std::size_t available = 0;  // environments that wait for an invocation
    std::size_t allocated = 0;  // environments that have come up
    std::string failure;        // why no more come up, or empty
};

/// Runs functions. Lives on one executor.
class Runner {
public:
    virtual ~Runner() = default;
    /// Errors, all not_done: "functions.throttled" (the limit of the function or of the host is reached),
    /// "functions.stopping".
    virtual io::Task<Result<Outcome>> invoke(std::shared_ptr<const Runnable> code, Invocation invocation) = 0;
    /// How many environments of a function, all versions together, may be at work at once: reserved concurrency, which
    /// also no other function can take. Zero: none; nothing: what the host has left.
    virtual void reserve(std::string_view function, std::optional<std::size_t> concurrency) = 0;
    /// Keeps that many environments of a version ready; zero ends it. Starting them goes on behind the call.
    virtual void provision(std::shared_ptr<const Runnable> code, std::size_t environments) = 0;
    virtual Provisioned provisioned(std::string_view function, std::string_view version) const = 0;
    /// Environments of another revision than this one end as soon as they are idle. An empty revision: all.
    virtual void retire(std::string_view function, std::string_view version, std::string_view kept_revision) = 0;
};

}  // namespace cloudshelf::functions
