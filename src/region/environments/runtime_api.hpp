#pragma once

#include "io/http.hpp"
#include "wire/lambda_runtime/answers.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace cloudshelf::functions {

/// What a function's process asks of its environment.
class RuntimeCalls {
public:
    virtual ~RuntimeCalls() = default;
    /// Answers when there is an invocation.
    virtual io::Task<io::HttpResponse> next() = 0;
    struct Posted {
        std::string request_id;
        std::string error_type;  // the header, of errors
        std::string body;
        bool is_too_large = false;
    };
    virtual lambda_runtime::Answer respond(Posted posted) = 0;
    virtual lambda_runtime::Answer fail_invocation(Posted posted) = 0;
    virtual lambda_runtime::Answer fail_init(Posted posted) = 0;
};

/// Lambda's runtime API over HTTP, for one process. Takes bodies of any content type; what is too long is not read.
class RuntimeApi {
public:
    /// `calls` is not kept alive. With a user: nobody else is listened to, though all may connect.
    RuntimeApi(
        io::Executor executor, std::string address, std::optional<uid_t> user, std::weak_ptr<RuntimeCalls> calls
    );

    /// On a port that the system chooses. Errors: of io::HttpServer::start.
    Result<void> start() { return server_.start(); }
    std::uint16_t port() const { return server_.port(); }

private:
    io::HttpServer server_;
};

}  // namespace cloudshelf::functions
