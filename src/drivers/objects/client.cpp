#include "drivers/objects/client.hpp"

#include "base/digest.hpp"
#include "drivers/objects/errors.hpp"
#include "wire/s3/copy_source.hpp"
#include "wire/s3/error_document.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/xml.hpp"
#include "wire/sigv4/canonical.hpp"
#include "wire/sigv4/sign.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace cloudshelf::objects_client {
namespace {

/// Whether a call may go over a kept connection, where it is sent again when that turns out to be closed.
enum class Repeat : bool { no, once };

/// Answers to HEAD have no document that would say more (S3 API, HeadObject).
std::string_view code_of_status(int status) {
    switch (status) {
        case 304:
            return "NotModified";
        case 400:
            return "BadRequest";
        case 403:
            return "AccessDenied";
        case 404:
            return "NoSuchKey";
        case 405:
            return "MethodNotAllowed";
        case 412:
            return "PreconditionFailed";
        case 500:
            return "InternalError";
        case 503:
            return "ServiceUnavailable";
        default:
            return "";
    }
}

Error refused(std::string code, std::string message, int status) {
    const bool doubtful = status >= 500 && status != 503;
    const bool passes = status >= 500 || code == "OperationAborted" || code == "ConditionalRequestConflict" ||
                        code == "RequestTimeout" || code == "SlowDown";
    return {
        .code = std::move(code),
        .message = message.empty() ? fmt::format("status {}", status) : std::move(message),
        .certainty = doubtful ? Certainty::unknown : Certainty::not_done,
        .retryable = passes,
    };
}

std::string location(std::string_view region) {
    if (region == "us-east-1") return {};  // S3 refuses its name there
    s3::XmlWriter writer("CreateBucketConfiguration");
    writer.element("LocationConstraint", region);
    return writer.finish();
}

}  // namespace

struct Client::Impl {
    Impl(io::Executor executor, Options options_in)
        : options(std::move(options_in)),
          server(options.endpoint.text()),
          http(executor, options.http),
          fresh(std::move(executor), without_reuse(options.http)) {}

    static io::HttpClient::Options without_reuse(io::HttpClient::Options options) {
        options.reuse_connections = false;
        return options;
    }

    io::HttpRequest request(Question question) const {
        io::HttpRequest request;
        request.method = question.method;
        request.target = target_of(question);
        request.headers = {{"Host", options.host.empty() ? server : options.host}};
        std::ranges::move(question.headers, std::back_inserter(request.headers));
        request.body = std::move(question.body);
        const auto digest = sha256_hex(request.body);
        const sigv4::Request to_sign{
            .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
        };
        const sigv4::SigningOptions scope{.region = options.region, .service = "s3", .dialect = sigv4::Dialect::s3};
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto signature = sigv4::sign(to_sign, options.credentials, scope, now);
        request.headers.insert(request.headers.end(), signature.begin(), signature.end());
        return request;
    }

    Result<io::HttpResponse> read(io::HttpResponse answer, std::string_view method) const {
        // A copy that fails late has begun its answer with 200 already (S3 API, CopyObject).
        const bool hidden = answer.status == 200 && method == "PUT" && answer.body.contains("<Error>");
        if (answer.status < 300 && !hidden) return answer;
        auto document = s3::parse_error_document(answer.body);
        const int status = hidden ? 500 : answer.status;
        if (document) return fail(refused(std::move(document->code), std::move(document->message), status));
        const auto code = method == "HEAD" ? code_of_status(answer.status) : "";
        if (code.empty()) return fail(errors::bad_answer(server, answer.status, "no error document"));
        return fail(refused(std::string(code), "", status));
    }

    static io::Task<Result<io::HttpResponse>> send(
        std::shared_ptr<Impl> self, Question question, Repeat repeat, io::Deadline deadline
    ) {
        const auto method = question.method;
        auto request = self->request(std::move(question));
        auto& http = repeat == Repeat::once ? self->http : self->fresh;
        auto answer = co_await http.send(self->options.endpoint, std::move(request), deadline);
        if (!answer) co_return fail(errors::unavailable(self->server, answer.error()));
        co_return self->read(std::move(*answer), method);
    }

    Options options;
    std::string server;
    io::HttpClient http;
    io::HttpClient fresh;  // for what its own success would refuse the second time
};

Client::Client(io::Executor executor, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
Client::~Client() = default;

io::Task<Result<Stored>> Client::put(Put put, io::Deadline deadline) {
    const bool conditional = !put.if_none_match.empty() || !put.if_match.empty();
    Question question{.method = "PUT", .bucket = std::move(put.bucket), .key = std::move(put.key)};
    question.headers.emplace_back("Content-Type", std::move(put.content_type));
    if (!put.cache_control.empty()) question.headers.emplace_back("Cache-Control", std::move(put.cache_control));
    if (!put.if_none_match.empty()) {
        const bool any = put.if_none_match == "*";
        question.headers.emplace_back("If-None-Match", any ? put.if_none_match : s3::in_quotes(put.if_none_match));
    }
    if (!put.if_match.empty()) question.headers.emplace_back("If-Match", s3::in_quotes(put.if_match));
    for (auto& [name, value] : put.metadata) question.headers.emplace_back("x-amz-meta-" + name, std::move(value));
    question.body = std::move(put.body);
    const auto repeat = conditional ? Repeat::no : Repeat::once;
    const auto answer = co_await Impl::send(impl_, std::move(question), repeat, deadline);
    if (!answer) co_return fail(answer.error());
    co_return Stored{
        .etag = std::string(s3::unquoted_etag(answer->header("ETag"))),
        .version_id = std::string(answer->header("x-amz-version-id")),
    };
}

io::Task<Result<std::optional<Object>>> Client::get(std::string bucket, std::string key, io::Deadline deadline) {
    Question question{.method = "GET", .bucket = std::move(bucket), .key = std::move(key)};
    auto answer = co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
    if (!answer && answer.error().code == "NoSuchKey") co_return std::optional<Object>();
    if (!answer) co_return fail(answer.error());
    Object object{.info = info_of(*answer), .body = std::move(answer->body)};
    object.info.size = static_cast<std::int64_t>(object.body.size());
    co_return std::optional(std::move(object));
}

io::Task<Result<std::optional<ObjectInfo>>> Client::head(std::string bucket, std::string key, io::Deadline deadline) {
    Question question{.method = "HEAD", .bucket = std::move(bucket), .key = std::move(key)};
    const auto answer = co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
    if (!answer && answer.error().code == "NoSuchKey") co_return std::optional<ObjectInfo>();
    if (!answer) co_return fail(answer.error());
    co_return std::optional(info_of(*answer));
}

io::Task<Result<std::vector<s3::ObjectEntry>>> Client::list(
    std::string bucket, std::string prefix, io::Deadline deadline
) {
    std::vector<s3::ObjectEntry> all;
    std::string token;
    do {
        Question question{.method = "GET", .bucket = bucket, .query = {{"list-type", "2"}, {"encoding-type", "url"}}};
        if (!prefix.empty()) question.query.emplace_back("prefix", prefix);
        if (!token.empty()) question.query.emplace_back("continuation-token", token);
        const auto answer = co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
        if (!answer) co_return fail(answer.error());
        auto page = s3::parse_list_objects_v2(answer->body);
        if (!page) co_return fail(errors::bad_answer(impl_->server, answer->status, "no ListBucketResult"));
        std::ranges::move(page->objects, std::back_inserter(all));
        if (page->truncated && (page->next_continuation_token.empty() || page->next_continuation_token == token)) {
            co_return fail(errors::bad_answer(impl_->server, answer->status, "a list that does not go on"));
        }
        token = page->truncated ? page->next_continuation_token : "";
    } while (!token.empty());
    co_return all;
}

io::Task<Result<void>> Client::remove(std::string bucket, std::string key, io::Deadline deadline) {
    Question question{.method = "DELETE", .bucket = std::move(bucket), .key = std::move(key)};
    const auto answer = co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>();
}

io::Task<Result<std::string>> Client::copy(Copy copy, io::Deadline deadline) {
    Question question{.method = "PUT", .bucket = std::move(copy.bucket), .key = std::move(copy.key)};
    const s3::CopySource source{.bucket = copy.from_bucket, .key = copy.from_key};
    question.headers.emplace_back("x-amz-copy-source", s3::copy_source_header(source));
    const auto answer = co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
    if (!answer) co_return fail(answer.error());
    const auto document = s3::read_xml(answer->body).value_or(s3::XmlElement());
    for (const auto& child : document.children) {
        if (child.name == "ETag") co_return std::string(s3::unquoted_etag(child.text));
    }
    co_return fail(errors::bad_answer(impl_->server, answer->status, "no ETag of the copy"));
}

io::Task<Result<void>> Client::create_bucket(std::string bucket, io::Deadline deadline) {
    Question question{.method = "PUT", .bucket = std::move(bucket), .body = location(impl_->options.region)};
    const auto answer = co_await Impl::send(impl_, std::move(question), Repeat::no, deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>();
}

io::Task<Result<std::optional<std::string>>> Client::document(
    std::string bucket, Subresource subresource, io::Deadline deadline
) {
    Question question{
        .method = "GET", .bucket = std::move(bucket), .query = {{std::string(to_string(subresource)), ""}}
    };
    auto answer = co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
    if (!answer && answer.error().code == missing_code(subresource)) co_return std::optional<std::string>();
    if (!answer) co_return fail(answer.error());
    co_return std::optional(std::move(answer->body));
}

io::Task<Result<void>> Client::set_document(
    std::string bucket, Subresource subresource, std::string document, io::Deadline deadline
) {
    const char* const type = subresource == Subresource::policy ? "application/json" : "application/xml";
    Question question{
        .method = "PUT", .bucket = std::move(bucket), .query = {{std::string(to_string(subresource)), ""}}
    };
    question.headers = {{"Content-Type", type}, {"Content-MD5", content_md5(document)}};
    question.body = std::move(document);
    const auto answer = co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>();
}

io::Task<Result<io::HttpResponse>> Client::ask(Question question, io::Deadline deadline) {
    co_return co_await Impl::send(impl_, std::move(question), Repeat::once, deadline);
}

}  // namespace cloudshelf::objects_client
