#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "wire/sigv4/credentials.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::functions {

/// Tables' streams, through the DynamoDB Streams API. Lives on one executor. Errors of all: the service's by their
/// names ("ResourceNotFoundException", "TrimmedDataAccessException", "ExpiredIteratorException", …), and
/// "tables.unavailable".
class StreamsClient {
public:
    struct Options {
        io::Endpoint endpoint;
        std::string region;
        sigv4::Credentials credentials;
    };
    StreamsClient(io::Executor executor, Options options);

    /// The id of the stream's first shard: streams of our tables have one.
    io::Task<Result<std::string>> first_shard(std::string stream_arn);

    struct Start {
        std::string stream_arn;
        std::string shard;
        std::string kind;      // "TRIM_HORIZON", "LATEST", "AFTER_SEQUENCE_NUMBER"
        std::string sequence;  // for the last of them
    };
    io::Task<Result<std::string>> iterator(Start start);

    struct Records {
        boost::json::array records;  // as the API has them
        std::optional<std::string> next;
    };
    io::Task<Result<Records>> records(std::string iterator, std::int64_t most);

private:
    io::Task<Result<boost::json::object>> ask(std::string operation, boost::json::object body);

    Options options_;
    io::HttpClient client_;
};

}  // namespace cloudshelf::functions
