#pragma once

#include "base/digest.hpp"
#include "io/clock.hpp"
#include "region/objects/request_kind.hpp"
#include "region/objects/service.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/s3/xml.hpp"
#include "wire/sigv4/chunks.hpp"
#include "wire/sigv4/sign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::objects {

/// Whose signature a request carries. `owner` and `reader` are of one account, `stranger` of another.
enum class Who : std::uint8_t { owner, reader, stranger, nobody };

/// A request before it is signed. `target`: path and query as on the wire.
struct Ask {
    std::string method = "GET";
    std::string target = "/";
    std::string body = {};
    io::Headers headers = {};
    Who by = Who::owner;
};

/// A body that comes in pieces, as from a socket; one that is cut ends with "io.closed".
class BodyInPieces : public io::BodyReader {
public:
    explicit BodyInPieces(std::string body, std::size_t piece_bytes = io::body_piece_bytes_max)
        : body_(std::move(body)), length_(body_.size()), piece_bytes_(piece_bytes) {}

    io::Task<Result<std::string>> next() override {
        if (cut_at_ && at_ >= *cut_at_) co_return fail("io.closed", "the body ended early");
        std::string piece = body_.substr(at_, piece_bytes_);
        at_ += piece.size();
        co_return piece;
    }
    std::optional<std::uint64_t> length() const override { return length_; }

    void cut_at(std::size_t bytes) { cut_at_ = bytes; }

private:
    std::string body_;
    std::uint64_t length_;
    std::size_t piece_bytes_;
    std::size_t at_ = 0;
    std::optional<std::size_t> cut_at_;
};

/// A region's objects in a temporary folder, asked as a client asks: without a socket in between (`ask`) or with one
/// (`ask_by_socket`). Its clock stands until it is moved.
struct Region {
    explicit Region(io::Executor made_on) : executor(std::move(made_on)), client(executor) {}

    io::Task<Result<void>> start() {
        ServiceOptions options{.listen = {"127.62.1.1", 0}, .region = RegionName("us-east-1"), .data = folder / "data"};
        options.keys = folder / "keys";
        options.domains = {"s3.test"};
        for (const auto* one : {&owner, &reader, &stranger}) options.keyring[one->access_key_id] = *one;
        options.sync = changelog::Sync::off;  // nobody cuts the power of a unit test
        options.wall_ms = [this] { return wall_ms.load(); };
        if (adjust) adjust(options);
        service = std::make_unique<Service>(executor, std::move(options));
        co_return co_await service->start();
    }
    io::Task<void> stop() {
        co_await service->stop(io::Deadline::after(std::chrono::seconds(5)));
        service.reset();
    }

    const sigv4::Credentials* credentials(Who who) const {
        switch (who) {
            case Who::owner:
                return &owner;
            case Who::reader:
                return &reader;
            case Who::stranger:
                return &stranger;
            case Who::nobody:
                break;
        }
        return nullptr;
    }
    sigv4::Time now() const { return sigv4::Time(std::chrono::seconds(wall_ms / 1000)); }

    /// As it goes over the wire, not signed yet.
    static io::HttpRequest plain_request(const Ask& ask) {
        io::HttpRequest made{
            .method = ask.method, .target = ask.target, .headers = ask.headers, .body = ask.body, .incoming = nullptr
        };
        if (made.header("Host").empty()) made.headers.emplace_back("Host", "127.62.1.1");
        if (made.method != "GET" && made.method != "HEAD")
            made.headers.emplace_back("Content-Length", std::to_string(made.body.size()));
        return made;
    }
    io::HttpRequest signed_request(const Ask& ask) const {
        io::HttpRequest made = plain_request(ask);
        if (const auto* by = credentials(ask.by)) sign(made, *by, sha256_hex(made.body));
        return made;
    }
    /// The signature in the query.
    io::HttpRequest presigned_request(const Ask& ask, std::chrono::seconds lifetime) const {
        io::HttpRequest made = plain_request(ask);
        const io::Headers host{{"Host", std::string(made.header("Host"))}};
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = host, .body_sha256 = "UNSIGNED-PAYLOAD"
        };
        made.target = sigv4::presign(signing, *credentials(ask.by), signing_options(), now(), lifetime);
        return made;
    }
    /// The body as aws-chunked, each chunk signed.
    io::HttpRequest chunked_request(const Ask& ask, std::size_t chunk_bytes) const {
        const auto* by = credentials(ask.by);
        Ask head = ask;
        head.headers.emplace_back("Content-Encoding", "aws-chunked");
        head.headers.emplace_back("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
        head.headers.emplace_back("x-amz-decoded-content-length", std::to_string(ask.body.size()));
        io::HttpRequest made = plain_request(head);
        sign(made, *by, "");
        const std::string time = sigv4::iso_basic(now());
        const sigv4::Scope scope{.date = time.substr(0, 8), .region = "us-east-1", .service = "s3"};
        const auto key = sigv4::signing_key(by->secret_access_key, scope);
        const std::string_view authorization = made.header("Authorization");
        std::string previous(authorization.substr(authorization.rfind('=') + 1));
        made.body.clear();
        for (std::size_t at = 0; at < ask.body.size(); at += chunk_bytes)
            made.body += sigv4::signed_chunk(ask.body.substr(at, chunk_bytes), time, scope, key, previous);
        made.body += sigv4::signed_chunk("", time, scope, key, previous);
        set_length(made);
        return made;
    }
    /// The body as aws-chunked, not signed, with a checksum behind it: what AWS's SDKs do over HTTPS.
    io::HttpRequest trailer_request(const Ask& ask, std::string_view header, std::string_view value) const {
        Ask head = ask;
        head.headers.emplace_back("Content-Encoding", "aws-chunked");
        head.headers.emplace_back("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
        head.headers.emplace_back("x-amz-decoded-content-length", std::to_string(ask.body.size()));
        head.headers.emplace_back("x-amz-trailer", header);
        io::HttpRequest made = plain_request(head);
        sign(made, *credentials(ask.by), "");
        made.body.clear();
        if (!ask.body.empty()) made.body += fmt::format("{:x}\r\n{}\r\n", ask.body.size(), ask.body);
        made.body += fmt::format("0\r\n{}:{}\r\n\r\n", header, value);
        set_length(made);
        return made;
    }

    /// What the service answers, its body whole. Bodies of objects come in pieces, as they do from the server.
    io::Task<io::HttpResponse> answer(io::HttpRequest request) {
        if (!request.incoming && streams_body(request, service->options().domains))
            request.incoming = std::make_shared<BodyInPieces>(std::exchange(request.body, {}), piece_bytes);
        const bool head = request.method == "HEAD";
        auto response = co_await service->answer(std::move(request));
        if (response.stream && !head) {
            const auto whole = std::make_shared<std::string>();
            io::HttpResponse::Writer write = [whole](std::string piece) { return append(whole, std::move(piece)); };
            co_await response.stream(std::move(write));
            response.body = std::move(*whole);
        }
        co_return response;
    }
    io::Task<io::HttpResponse> ask(Ask asked) {
        auto response = co_await answer(signed_request(asked));
        co_return response;
    }
    io::Task<Result<io::HttpResponse>> ask_by_socket(Ask asked) {
        auto request = signed_request(asked);
        std::erase_if(request.headers, [](const auto& header) { return header.first == "Content-Length"; });
        const io::Endpoint server{.address = "127.62.1.1", .port = service->port()};
        auto response = co_await client.send(server, std::move(request), io::Deadline::after(std::chrono::seconds(20)));
        co_return response;
    }

    // The usual ones, as `owner`.
    io::Task<io::HttpResponse> put(std::string target, std::string body = {}, io::Headers headers = {}) {
        Ask asked{.method = "PUT", .target = std::move(target), .body = std::move(body), .headers = std::move(headers)};
        auto response = co_await ask(std::move(asked));
        co_return response;
    }
    io::Task<io::HttpResponse> post(std::string target, std::string body = {}, io::Headers headers = {}) {
        Ask asked{
            .method = "POST", .target = std::move(target), .body = std::move(body), .headers = std::move(headers)
        };
        auto response = co_await ask(std::move(asked));
        co_return response;
    }
    io::Task<io::HttpResponse> get(std::string target, io::Headers headers = {}) {
        Ask asked{.target = std::move(target), .headers = std::move(headers)};
        auto response = co_await ask(std::move(asked));
        co_return response;
    }
    io::Task<io::HttpResponse> head(std::string target, io::Headers headers = {}) {
        Ask asked{.method = "HEAD", .target = std::move(target), .headers = std::move(headers)};
        auto response = co_await ask(std::move(asked));
        co_return response;
    }
    io::Task<io::HttpResponse> remove(std::string target, io::Headers headers = {}) {
        Ask asked{.method = "DELETE", .target = std::move(target), .headers = std::move(headers)};
        auto response = co_await ask(std::move(asked));
        co_return response;
    }
    /// Changes a bucket without its API.
    io::Task<void> set_versioning(std::string bucket, Versioning versioning) {
        const Buckets::Change change = [=](const Bucket* now, changelog::Batch&) -> Result<std::optional<Bucket>> {
            Bucket next = *now;
            next.versioning = versioning;
            return std::optional(std::move(next));
        };
        const auto changed = co_await service->buckets().change(std::move(bucket), change);
        EXPECT_TRUE(changed);
    }

    /// How many contents there are in the folder.
    std::size_t contents() {
        std::size_t count = 0;
        const auto counted = service->contents().for_each([&count](const contents::ContentName&, std::uint64_t) {
            ++count;
            return true;
        });
        EXPECT_TRUE(counted);
        return count;
    }
    /// Waits until the collector left that many.
    io::Task<bool> come_to(std::size_t wanted) {
        const auto deadline = io::Deadline::after(std::chrono::seconds(10));
        while (contents() != wanted) {
            if (deadline.passed()) co_return false;
            co_await io::wait_for(std::chrono::milliseconds(10));
        }
        co_return true;
    }

    testing::TemporaryFolder folder;
    io::Executor executor;
    io::HttpClient client;
    std::function<void(ServiceOptions&)> adjust;  // before the start
    std::size_t piece_bytes = io::body_piece_bytes_max;
    std::atomic<std::int64_t> wall_ms = 1'790'000'000'000;  // any thread of the service reads it
    sigv4::Credentials owner{
        .access_key_id = "AKIAOWNER", .secret_access_key = "owner", .profile = "owner", .account = "111111111111"
    };
    sigv4::Credentials reader{
        .access_key_id = "AKIAREADER",
        .secret_access_key = "reader",
        .permission = sigv4::Permission::read,
        .profile = "reader",
        .account = "111111111111"
    };
    sigv4::Credentials stranger{
        .access_key_id = "AKIASTRANGER",
        .secret_access_key = "stranger",
        .profile = "stranger",
        .account = "222222222222"
    };
    std::unique_ptr<Service> service;

private:
    static sigv4::SigningOptions signing_options() {
        return {.region = "us-east-1", .service = "s3", .dialect = sigv4::Dialect::s3};
    }
    void sign(io::HttpRequest& made, const sigv4::Credentials& by, std::string_view digest) const {
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        for (auto& header : sigv4::sign(signing, by, signing_options(), now()))
            made.headers.push_back(std::move(header));
    }
    static void set_length(io::HttpRequest& made) {
        for (auto& [name, value] : made.headers) {
            if (name == "Content-Length") value = std::to_string(made.body.size());
        }
    }
    static io::Task<bool> append(std::shared_ptr<std::string> to, std::string piece) {
        *to += piece;
        co_return true;
    }
};

/// The text of the first element of that name in a document, at any depth; empty where there is none.
inline std::string text_of(const s3::XmlElement& element, std::string_view name) {
    if (element.name == name) return element.text;
    for (const auto& child : element.children) {
        if (auto found = text_of(child, name); !found.empty()) return found;
    }
    return {};
}
inline std::string text_of(const io::HttpResponse& response, std::string_view name) {
    const auto document = s3::read_xml(response.body);
    return document ? text_of(*document, name) : std::string();
}
/// The texts of all elements of that name, in their order.
inline void collect_texts(const s3::XmlElement& element, std::string_view name, std::vector<std::string>& to) {
    if (element.name == name) to.push_back(element.text);
    for (const auto& child : element.children) collect_texts(child, name, to);
}
inline std::vector<std::string> texts_of(const io::HttpResponse& response, std::string_view name) {
    std::vector<std::string> texts;
    if (const auto document = s3::read_xml(response.body)) collect_texts(*document, name, texts);
    return texts;
}

/// "404 NoSuchKey", or "200".
inline std::string outcome_of(const io::HttpResponse& response) {
    const std::string status = std::to_string(response.status);
    const std::string code = text_of(response, "Code");
    return code.empty() ? status : status + " " + code;
}

/// A test with a region that has a bucket: the body sees `region`.
#define REGION_TEST(suite, name)                                           \
    static cloudshelf::io::Task<void> suite##_##name##_in(Region& region); \
    ASYNC_TEST(suite, name) {                                              \
        Region region(co_await boost::asio::this_coro::executor);          \
        const auto started = co_await region.start();                      \
        REQUIRE(started);                                                  \
        const auto made = co_await region.put("/books");                   \
        REQUIRE(made.status == 200);                                       \
        co_await suite##_##name##_in(region);                              \
        co_await region.stop();                                            \
    }                                                                      \
    static cloudshelf::io::Task<void> suite##_##name##_in(Region& region)

}  // namespace cloudshelf::objects
