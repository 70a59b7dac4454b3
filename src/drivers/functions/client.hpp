#pragma once

#include "drivers/functions/calls.hpp"
#include "io/http.hpp"
#include "wire/sigv4/credentials.hpp"

#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::functions_client {

/// A client of the Lambda API: our functions, Lambda, or whatever else speaks it; headers signed. Lives on one
/// executor; calls may run side by side.
///
/// Errors of every call: "functions.unavailable" (retryable; not_done when nothing was sent), "functions.bad-answer",
/// and the service's own by their names ("ResourceNotFoundException", "ResourceConflictException", …; not_done, those
/// of status 500 unknown).
class Client {
public:
    struct Options {
        io::Endpoint endpoint;
        std::string region;
        sigv4::Credentials credentials;
        std::string host = {};  // the Host header; empty: the endpoint
    };
    Client(io::Executor executor, Options options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Of a version, or an alias' version; `qualifier` empty: $LATEST. Nothing where there is no such function.
    io::Task<Result<std::optional<FunctionInfo>>> get(
        std::string function, std::string qualifier, io::Deadline deadline
    );
    io::Task<Result<FunctionInfo>> create(
        std::string function, Configuration configuration, std::string zip, io::Deadline deadline
    );
    io::Task<Result<FunctionInfo>> update_code(std::string function, std::string zip, io::Deadline deadline);
    /// Replaces all that `configuration` says, the variables as a whole.
    io::Task<Result<FunctionInfo>> update_configuration(
        std::string function, Configuration configuration, io::Deadline deadline
    );
    /// Waits until the function is active and no update is in progress: what comes too early is refused with
    /// ResourceConflictException. Errors besides: "functions.not-updated" (the update failed, or takes too long).
    io::Task<Result<FunctionInfo>> settled(std::string function, io::Deadline deadline);
    /// Makes $LATEST a version, but only while its code is that one; the version there is when nothing has changed.
    io::Task<Result<FunctionInfo>> publish(std::string function, std::string code_sha256, io::Deadline deadline);

    /// Nothing where there is no such alias.
    io::Task<Result<std::optional<AliasInfo>>> alias(std::string function, std::string name, io::Deadline deadline);
    /// Makes it, or points it elsewhere; only in the place of `alias.revision` where that is not empty.
    io::Task<Result<AliasInfo>> set_alias(std::string function, AliasInfo alias, io::Deadline deadline);

    /// Waits for the function's answer.
    io::Task<Result<Invoked>> invoke(
        std::string function, std::string qualifier, std::string payload, io::Deadline deadline
    );
    /// Keeps that many environments of a version ready; zero ends it. Goes on behind the call.
    io::Task<Result<void>> provision(
        std::string function, std::string version, std::int64_t environments, io::Deadline deadline
    );
    /// Nothing where no environment is kept ready.
    io::Task<Result<std::optional<Provisioned>>> provisioned(
        std::string function, std::string version, io::Deadline deadline
    );

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::functions_client
