#pragma once

#include "drivers/tables/calls.hpp"
#include "io/http.hpp"
#include "wire/sigv4/credentials.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::tables_client {

/// A client of the DynamoDB API: our tables, DynamoDB, Alternator. Lives on one executor; calls may run side by side.
///
/// Errors of every call: "tables.unavailable" (retryable; not_done when nothing was sent), "tables.bad-answer", and the
/// service's own by their short names ("ResourceNotFoundException", "ConditionalCheckFailedException", …; not_done,
/// "InternalServerError" unknown). A call that changes nothing when it is repeated is sent once more when its kept
/// connection turns out to be closed.
class Client {
public:
    struct Options {
        io::Endpoint endpoint;
        std::string region;  // that the signature names
        sigv4::Credentials credentials;
        std::string host = {};  // the Host header; empty: the endpoint
        io::HttpClient::Options http = {};
    };
    Client(io::Executor executor, Options options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    io::Task<Result<std::optional<dynamodb::Item>>> get(
        std::string table, dynamodb::Item key, Freshness freshness, io::Deadline deadline
    );
    io::Task<Result<void>> put(Put put, io::Deadline deadline);
    /// The item as it is afterwards.
    io::Task<Result<dynamodb::Item>> update(Update update, io::Deadline deadline);
    io::Task<Result<void>> remove(Delete remove, io::Deadline deadline);
    /// All pages.
    io::Task<Result<std::vector<dynamodb::Item>>> query(Query query, io::Deadline deadline);
    /// Reads the whole table, page by page.
    io::Task<Result<std::int64_t>> count(std::string table, io::Deadline deadline);

    io::Task<Result<TableDescription>> describe(std::string table, io::Deadline deadline);
    /// Errors besides: "ResourceInUseException" when it is there.
    io::Task<Result<TableDescription>> create(TableDefinition table, io::Deadline deadline);
    /// A copy of the table in another region, which both write (global tables, version 2019.11.21).
    io::Task<Result<TableDescription>> add_replica(std::string table, std::string region, io::Deadline deadline);
    /// Items go when the time in this attribute (Unix seconds) is past. Done already: no error.
    io::Task<Result<void>> expire_by(std::string table, std::string attribute, io::Deadline deadline);

    /// How long ago the other region had nothing that this server does not have, as its metrics say. Nothing: it does
    /// not say (DynamoDB tells CloudWatch alone), or has not reached that region since it started.
    io::Task<Result<std::optional<Duration>>> followed_age(std::string region, io::Deadline deadline);

    /// Any other operation that changes something, by its name in X-Amz-Target; never sent twice.
    io::Task<Result<boost::json::object>> tell(std::string target, boost::json::object body, io::Deadline deadline);
    /// Any other operation that only reads, by its name in X-Amz-Target ("DynamoDB_20120810.ListTables").
    io::Task<Result<boost::json::object>> ask(std::string target, boost::json::object body, io::Deadline deadline);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::tables_client
