#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "wire/sigv4/credentials.hpp"

#include <memory>
#include <string>

namespace cloudshelf::functions {

/// An object of the S3 API.
struct ObjectName {
    std::string bucket;
    std::string key;
    std::string version;  // or empty
};

/// Packages from, and records to, a service with S3's API. Lives on one executor.
class ObjectsClient {
public:
    struct Options {
        io::Endpoint endpoint;
        std::string region;
        sigv4::Credentials credentials;
        std::size_t object_bytes_max = 50 << 20;
    };
    ObjectsClient(io::Executor executor, Options options);

    /// Errors: "objects.refused" (the message is for whoever asked), "objects.unavailable".
    io::Task<Result<std::string>> get(ObjectName name);
    /// Errors: as get.
    io::Task<Result<void>> put(ObjectName name, std::string body);

private:
    io::Task<Result<io::HttpResponse>> send(io::HttpRequest request);

    Options options_;
    io::HttpClient client_;
};

}  // namespace cloudshelf::functions
