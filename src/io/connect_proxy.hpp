#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "io/task.hpp"

#include <map>
#include <memory>
#include <string>

namespace cloudshelf::io {

/// An HTTP proxy that answers CONNECT (RFC 9110 §9.3.6) for the hosts it was told of, and nothing else: for programs
/// that reach others by a name which means another address at each site. What passes is not looked at.
/// Lives on one executor.
class ConnectProxy {
public:
    struct Options {
        Endpoint listen;
        std::map<std::string, std::string> hosts;  // name → IPv4 address; the port is the one that was asked for
        Duration head_timeout = std::chrono::seconds(5);
        Duration connect_timeout = std::chrono::seconds(5);
        std::size_t head_bytes_max = 8 << 10;
    };

    ConnectProxy(Executor executor, Options options);
    ~ConnectProxy();
    ConnectProxy(const ConnectProxy&) = delete;
    ConnectProxy& operator=(const ConnectProxy&) = delete;

    /// Errors: "io.address-in-use", "io.listen".
    Result<void> start();
    std::uint16_t port() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

/// What a CONNECT asks for.
struct ConnectTarget {
    std::string host;
    std::uint16_t port = 0;
};
/// Reads the first line of a request's head: "CONNECT us-east-1.example:2380 HTTP/1.1". Errors: "io.bad-request".
Result<ConnectTarget> parse_connect(std::string_view head);

}  // namespace cloudshelf::io
