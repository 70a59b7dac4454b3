#pragma once

#include "base/digest.hpp"
#include "io/clock.hpp"
#include "region/objects/service.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cloudshelf::objects {

/// A region's objects on a temporary folder, asked as a client asks, without a socket in between. Its clock stands
/// until it is moved. `alice` and `bob` are of two accounts and may do everything; `reader` is of Alice's account.
struct Site {
    explicit Site(io::Executor made_on) : executor(std::move(made_on)) {}

    io::Task<Result<void>> start() {
        ServiceOptions options{.listen = {"127.62.1.1", 0}, .region = RegionName("us-east-1"), .data = folder / "data"};
        options.keys = folder / "keys";
        options.keyring = {{"ALICE", alice}, {"READER", reader}, {"BOB", bob}};
        options.domains = {"s3.cloudshelf.com"};
        options.sync = changelog::Sync::off;  // nobody cuts the power of a unit test
        options.wall_ms = [this] { return wall_ms.load(); };
        service = std::make_unique<Service>(executor, std::move(options));
        co_return co_await service->start();
    }
    io::Task<void> stop() {
        co_await service->stop(io::Deadline::after(std::chrono::seconds(5)));
        service.reset();
    }

    void sign(io::HttpRequest& made, const sigv4::Credentials& by) const {
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const sigv4::SigningOptions options{.region = "us-east-1", .service = "s3", .dialect = sigv4::Dialect::s3};
        const auto now = sigv4::Time(std::chrono::seconds(wall_ms / 1000));
        for (auto& header : sigv4::sign(signing, by, options, now)) made.headers.push_back(std::move(header));
    }
    static io::HttpRequest request(std::string method, std::string target, std::string body, io::Headers headers) {
        io::HttpRequest made;
        made.method = std::move(method);
        made.target = std::move(target);
        made.headers = std::move(headers);
        if (made.header("Host").empty()) made.headers.emplace_back("Host", "s3.cloudshelf.com");
        made.body = std::move(body);
        return made;
    }

    io::Task<io::HttpResponse> ask_as(
        sigv4::Credentials who, std::string method, std::string target, std::string body = {}, io::Headers headers = {}
    ) {
        auto made = request(std::move(method), std::move(target), std::move(body), std::move(headers));
        made.headers.emplace_back("Content-Length", std::to_string(made.body.size()));
        sign(made, who);
        co_return co_await service->answer(std::move(made));
    }
    /// Alice asks.
    io::Task<io::HttpResponse> ask(
        std::string method, std::string target, std::string body = {}, io::Headers headers = {}
    ) {
        return ask_as(alice, std::move(method), std::move(target), std::move(body), std::move(headers));
    }
    /// Nobody signs.
    io::Task<io::HttpResponse> ask_anonymously(
        std::string method, std::string target, io::Headers headers = {}, Connection connection = {}
    ) {
        auto made = request(std::move(method), std::move(target), {}, std::move(headers));
        co_return co_await service->answer(std::move(made), std::move(connection));
    }
    /// The status alone.
    io::Task<int> status(std::string method, std::string target, std::string body = {}, io::Headers headers = {}) {
        const auto answer = co_await ask(std::move(method), std::move(target), std::move(body), std::move(headers));
        co_return answer.status;
    }

    testing::TemporaryFolder folder;
    io::Executor executor;
    std::atomic<std::int64_t> wall_ms = 1'790'000'000'000;  // any thread of the service reads it
    sigv4::Credentials alice{
        .access_key_id = "ALICE",
        .secret_access_key = "alice's",
        .profile = "alice",
        .account = "111111111111",
        .canonical_id = std::string(64, 'a'),
        .display_name = "Alice"
    };
    sigv4::Credentials reader{
        .access_key_id = "READER",
        .secret_access_key = "reader's",
        .permission = sigv4::Permission::read,
        .profile = "reader",
        .account = "111111111111",
        .canonical_id = std::string(64, 'a'),
        .display_name = "Alice"
    };
    sigv4::Credentials bob{
        .access_key_id = "BOB",
        .secret_access_key = "bob's",
        .profile = "bob",
        .account = "222222222222",
        .canonical_id = std::string(64, 'b'),
        .display_name = "Bob"
    };
    std::unique_ptr<Service> service;
};

/// The code of an error document, or an empty text.
inline std::string code_of(const io::HttpResponse& answer) {
    const auto begin = answer.body.find("<Code>");
    if (begin == std::string::npos) return {};
    return answer.body.substr(begin + 6, answer.body.find("</Code>") - begin - 6);
}

}  // namespace cloudshelf::objects
