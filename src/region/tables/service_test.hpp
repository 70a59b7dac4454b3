#pragma once

#include "base/digest.hpp"
#include "io/clock.hpp"
#include "region/tables/service.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace cloudshelf::tables {

/// A region's tables on a temporary folder, asked as a client asks, without a socket in between. Its clock stands
/// until it is moved.
struct Region {
    explicit Region(io::Executor made_on) : executor(std::move(made_on)) {}

    io::Task<Result<void>> start() {
        ServiceOptions options{.listen = {"127.61.1.1", 0}, .region = RegionName("us-east-1"), .data = folder / "data"};
        options.keyring = {{admin.access_key_id, admin}, {reader.access_key_id, reader}};
        options.ttl_scan = std::chrono::hours(1);
        options.sync = changelog::Sync::off;  // nobody cuts the power of a unit test
        options.wall_ms = [this] { return wall_ms.load(); };
        service = std::make_unique<Service>(executor, std::move(options));
        co_return co_await service->start();
    }
    io::Task<void> stop() {
        co_await service->stop(io::Deadline::after(std::chrono::seconds(5)));
        service.reset();
    }

    io::HttpRequest request(std::string_view operation, std::string body) const {
        io::HttpRequest made{.method = "POST", .target = "/", .headers = {}, .body = std::move(body)};
        made.headers.emplace_back("Host", "tables");
        made.headers.emplace_back("Content-Type", "application/x-amz-json-1.0");
        const bool streams = operation.contains("Stream") || operation.contains("Shard") || operation == "GetRecords";
        const bool own = operation == "ListConflicts";
        made.headers.emplace_back(
            "X-Amz-Target",
            std::string(
                own       ? "CloudShelf_20261123."
                : streams ? "DynamoDBStreams_20120810."
                          : "DynamoDB_20120810."
            )
                .append(operation)
        );
        return made;
    }
    void sign(io::HttpRequest& made, const sigv4::Credentials& by) const {
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const auto now = sigv4::Time(std::chrono::seconds(wall_ms / 1000));
        for (auto& header : sigv4::sign(signing, by, {.region = "us-east-1", .service = "dynamodb"}, now)) {
            made.headers.push_back(std::move(header));
        }
    }
    io::Task<io::HttpResponse> answer(std::string operation, std::string body, sigv4::Credentials by) {
        auto made = request(operation, std::move(body));
        sign(made, by);
        co_return co_await service->answer(std::move(made));
    }
    io::Task<io::HttpResponse> get(std::string target) {
        io::HttpRequest made{.method = "GET", .target = std::move(target), .headers = {}, .body = {}};
        co_return co_await service->answer(std::move(made));
    }
    /// The answer's body, of a 200 or not.
    io::Task<boost::json::value> ask(std::string operation, std::string body) {
        const auto answered = co_await answer(std::move(operation), std::move(body), admin);
        co_return answered.body.empty() ? boost::json::value() : boost::json::parse(answered.body);
    }

    testing::TemporaryFolder folder;
    io::Executor executor;
    std::atomic<std::int64_t> wall_ms = 1'790'000'000'000;  // any thread of the service reads it
    sigv4::Credentials admin{.access_key_id = "AKIAADMIN", .secret_access_key = "admin", .profile = "admin"};
    sigv4::Credentials reader{
        .access_key_id = "AKIAREAD",
        .secret_access_key = "read",
        .permission = sigv4::Permission::read,
        .profile = "reader"
    };
    std::unique_ptr<Service> service;
};

/// `{"TableName": "Carts", …}` of a table with the key "p".
inline std::string create_carts(std::string_view more = "") {
    return std::string(R"({"TableName":"Carts","BillingMode":"PAY_PER_REQUEST",)"
                       R"("KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],)"
                       R"("AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}])")
        .append(more)
        .append("}");
}

}  // namespace cloudshelf::tables
