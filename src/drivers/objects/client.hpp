#pragma once

#include "drivers/objects/calls.hpp"
#include "io/http.hpp"
#include "wire/s3/listing.hpp"
#include "wire/sigv4/credentials.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::objects_client {

/// A client of the S3 API: our objects, S3, or whatever else speaks it; path-style addresses, headers signed. Lives on
/// one executor; calls may run side by side. Bodies are whole, and at most `http.body_bytes_max` long on the way in.
///
/// Errors of every call: "objects.unavailable" (retryable; not_done when nothing was sent), "objects.bad-answer", and
/// the service's own by their codes ("NoSuchBucket", "AccessDenied", …; not_done, those of status 500 unknown).
/// Everything but a put with a condition is sent once more when its kept connection turns out to be closed.
class Client {
public:
    struct Options {
        io::Endpoint endpoint;
        std::string region;  // that the signature names, and where new buckets are
        sigv4::Credentials credentials;
        std::string host = {};  // the Host header; empty: the endpoint
        io::HttpClient::Options http = {};
    };
    Client(io::Executor executor, Options options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Errors besides: "PreconditionFailed", "ConditionalRequestConflict" (retryable).
    io::Task<Result<Stored>> put(Put put, io::Deadline deadline);
    /// Nothing where there is no such object, or its newest version is a delete marker.
    io::Task<Result<std::optional<Object>>> get(std::string bucket, std::string key, io::Deadline deadline);
    /// The same without the bytes. A missing bucket is no error here: the answer to HEAD does not tell.
    io::Task<Result<std::optional<ObjectInfo>>> head(std::string bucket, std::string key, io::Deadline deadline);
    /// All pages, in the order of the keys' bytes.
    io::Task<Result<std::vector<s3::ObjectEntry>>> list(std::string bucket, std::string prefix, io::Deadline deadline);
    /// What is not there may be removed. In a bucket with versions a delete marker is put on top.
    io::Task<Result<void>> remove(std::string bucket, std::string key, io::Deadline deadline);
    /// On the server's side, with its metadata. The ETag of the copy.
    io::Task<Result<std::string>> copy(Copy copy, io::Deadline deadline);

    /// Errors besides: "BucketAlreadyOwnedByYou" (S3 in us-east-1: none), "BucketAlreadyExists".
    io::Task<Result<void>> create_bucket(std::string bucket, io::Deadline deadline);
    /// XML, or JSON where it is the policy; nothing where the bucket has none.
    io::Task<Result<std::optional<std::string>>> document(
        std::string bucket, Subresource subresource, io::Deadline deadline
    );
    /// Errors besides: "MalformedXML", "MalformedPolicy", "InvalidRequest", …
    io::Task<Result<void>> set_document(
        std::string bucket, Subresource subresource, std::string document, io::Deadline deadline
    );

    /// Any other operation. The answer's status is below 300.
    io::Task<Result<io::HttpResponse>> ask(Question question, io::Deadline deadline);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::objects_client
