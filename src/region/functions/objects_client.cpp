#include "region/functions/objects_client.hpp"

#include "base/digest.hpp"
#include "io/clock.hpp"
#include "wire/sigv4/canonical.hpp"
#include "wire/sigv4/sign.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace cloudshelf::functions {
namespace {

constexpr Duration answer_limit = std::chrono::seconds(60);

io::HttpClient::Options http_options(std::size_t object_bytes_max) {
    io::HttpClient::Options made;
    made.body_bytes_max = object_bytes_max + (1 << 20);
    return made;
}

std::string target_of(const ObjectName& name) {
    auto target = fmt::format("/{}/{}", sigv4::encode(name.bucket, false), sigv4::encode(name.key, true));
    if (!name.version.empty()) target += "?versionId=" + sigv4::encode(name.version, false);
    return target;
}

/// What stands between two tags of an error document; only ever shown to people.
std::string element(std::string_view document, std::string_view name) {
    const auto opening = fmt::format("<{}>", name);
    const auto from = document.find(opening);
    if (from == std::string_view::npos) return "";
    const auto begin = from + opening.size();
    const auto end = document.find('<', begin);
    return std::string(document.substr(begin, end == std::string_view::npos ? end : end - begin));
}

Error refusal(std::string_view action, const io::HttpResponse& answer) {
    return {
        .code = answer.status >= 500 ? "objects.unavailable" : "objects.refused",
        .message = fmt::format(
            "Error occurred while {}. S3 Error Code: {}. S3 Error Message: {}",
            action,
            element(answer.body, "Code"),
            element(answer.body, "Message")
        ),
    };
}

}  // namespace

ObjectsClient::ObjectsClient(io::Executor executor, Options options)
    : options_(std::move(options)), client_(std::move(executor), http_options(options_.object_bytes_max)) {}

io::Task<Result<io::HttpResponse>> ObjectsClient::send(io::HttpRequest request) {
    request.headers.emplace_back("Host", options_.endpoint.text());
    const auto digest = sha256_hex(request.body);
    const sigv4::Request signing{
        .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
    };
    const sigv4::SigningOptions terms{.region = options_.region, .service = "s3", .dialect = sigv4::Dialect::s3};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (auto& header : sigv4::sign(signing, options_.credentials, terms, now))
        request.headers.push_back(std::move(header));
    auto answer = co_await client_.send(options_.endpoint, std::move(request), io::Deadline::after(answer_limit));
    if (!answer) co_return fail("objects.unavailable", "the service of objects: " + answer.error().message);
    co_return answer;
}

io::Task<Result<std::string>> ObjectsClient::get(ObjectName name) {
    io::HttpRequest request{.method = "GET", .target = target_of(name), .headers = {}, .body = {}, .incoming = {}};
    auto answer = co_await send(std::move(request));
    if (!answer) co_return fail(answer.error());
    if (answer->status != 200) co_return fail(refusal("GetObject", *answer));
    co_return std::move(answer->body);
}

io::Task<Result<void>> ObjectsClient::put(ObjectName name, std::string body) {
    io::HttpRequest request{.method = "PUT", .target = target_of(name), .headers = {}, .body = std::move(body)};
    request.headers.emplace_back("Content-Type", "application/json");
    const auto answer = co_await send(std::move(request));
    if (!answer) co_return fail(answer.error());
    if (answer->status != 200) co_return fail(refusal("PutObject", *answer));
    co_return Result<void>();
}

}  // namespace cloudshelf::functions
