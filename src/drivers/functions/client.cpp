#include "drivers/functions/client.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "drivers/functions/errors.hpp"
#include "io/clock.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace cloudshelf::functions_client {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr Duration poll_pause = 20ms;

struct Question {
    std::string method = "GET";
    std::string target;
    std::string body;
    io::Headers headers = {};
};

std::string functions(std::string_view rest) {
    return fmt::format("/2015-03-31/functions{}", rest);
}

std::string qualified(std::string target, const std::string& qualifier) {
    if (!qualifier.empty()) target += "?Qualifier=" + (qualifier == "$LATEST" ? "%24LATEST" : qualifier);
    return target;
}

Error refused(const io::HttpResponse& answer, const json::object& body) {
    std::string name(answer.header("x-amzn-ErrorType"));
    name = name.substr(0, name.find(':'));
    const auto* said = body.if_contains("message");
    if (said == nullptr) said = body.if_contains("Message");
    const bool doubtful = answer.status >= 500 && answer.status != 503;
    const bool passes = answer.status >= 500 || answer.status == 429 || name == "ResourceConflictException";
    const std::string message = said != nullptr && said->is_string() ? std::string(said->as_string()) : std::string();
    return {
        .code = std::move(name),
        .message = message.empty() ? fmt::format("status {}", answer.status) : message.substr(0, message.find('\n')),
        .certainty = doubtful ? Certainty::unknown : Certainty::not_done,
        .retryable = passes,
    };
}

/// Nothing for what is not there.
template <class T>
Result<std::optional<T>> present(Result<T> result) {
    if (result) return std::optional<T>(std::move(*result));
    if (result.error().code == "ResourceNotFoundException") return std::optional<T>();
    if (result.error().code == "ProvisionedConcurrencyConfigNotFoundException") return std::optional<T>();
    return fail(result.error());
}

}  // namespace

struct Client::Impl {
    Impl(io::Executor executor, Options options_in)
        : options(std::move(options_in)),
          server(options.endpoint.text()),
          http(std::move(executor), {.body_bytes_max = 64 << 20}) {}

    io::HttpRequest request(Question question) const {
        io::HttpRequest request;
        request.method = std::move(question.method);
        request.target = std::move(question.target);
        request.headers = std::move(question.headers);
        request.headers.emplace_back("Host", options.host.empty() ? server : options.host);
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = std::move(question.body);
        const auto digest = sha256_hex(request.body);
        const sigv4::Request to_sign{
            .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
        };
        const sigv4::SigningOptions scope{.region = options.region, .service = "lambda"};
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto signature = sigv4::sign(to_sign, options.credentials, scope, now);
        request.headers.insert(request.headers.end(), signature.begin(), signature.end());
        return request;
    }

    Error problem(const io::HttpResponse& answer) const {
        json::error_code bad;
        const auto body = json::parse(answer.body, bad);
        const auto* object = bad ? nullptr : body.if_object();
        if (object == nullptr || answer.header("x-amzn-ErrorType").empty()) {
            return errors::bad_answer(server, answer.status, "none of Lambda's");
        }
        return refused(answer, *object);
    }

    /// An answer whose status is below 300.
    static io::Task<Result<io::HttpResponse>> send(
        std::shared_ptr<Impl> self, Question question, io::Deadline deadline
    ) {
        auto request = self->request(std::move(question));
        auto answer = co_await self->http.send(self->options.endpoint, std::move(request), deadline);
        if (!answer) co_return fail(errors::unavailable(self->server, answer.error()));
        if (answer->status >= 300) co_return fail(self->problem(*answer));
        co_return answer;
    }

    static io::Task<Result<json::object>> ask(std::shared_ptr<Impl> self, Question question, io::Deadline deadline) {
        const auto answer = co_await send(self, std::move(question), deadline);
        if (!answer) co_return fail(answer.error());
        if (answer->body.empty()) co_return json::object();
        json::error_code bad;
        auto body = json::parse(answer->body, bad);
        if (bad || !body.is_object()) {
            co_return fail(errors::bad_answer(self->server, answer->status, "no JSON object"));
        }
        co_return std::move(body.as_object());
    }

    static io::Task<Result<FunctionInfo>> ask_function(
        std::shared_ptr<Impl> self, Question question, io::Deadline deadline
    ) {
        const auto answer = co_await ask(std::move(self), std::move(question), deadline);
        if (!answer) co_return fail(answer.error());
        co_return info_of(*answer);
    }
    static io::Task<Result<AliasInfo>> ask_alias(std::shared_ptr<Impl> self, Question question, io::Deadline deadline) {
        const auto answer = co_await ask(std::move(self), std::move(question), deadline);
        if (!answer) co_return fail(answer.error());
        co_return alias_of(*answer);
    }

    Options options;
    std::string server;
    io::HttpClient http;
};

Client::Client(io::Executor executor, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
Client::~Client() = default;

io::Task<Result<std::optional<FunctionInfo>>> Client::get(
    std::string function, std::string qualifier, io::Deadline deadline
) {
    Question question{.target = qualified(functions("/" + function + "/configuration"), qualifier)};
    auto found = co_await Impl::ask_function(impl_, std::move(question), deadline);
    co_return present(std::move(found));
}

io::Task<Result<FunctionInfo>> Client::create(
    std::string function, Configuration configuration, std::string zip, io::Deadline deadline
) {
    auto body = members_of(configuration);
    body["FunctionName"] = function;
    body["Code"] = json::object{{"ZipFile", base64(zip)}};
    body["PackageType"] = "Zip";
    Question question{.method = "POST", .target = functions(""), .body = json::serialize(body)};
    auto created = co_await Impl::ask_function(impl_, std::move(question), deadline);
    co_return created;
}

io::Task<Result<FunctionInfo>> Client::update_code(std::string function, std::string zip, io::Deadline deadline) {
    const json::object body{{"ZipFile", base64(zip)}};
    Question question{.method = "PUT", .target = functions("/" + function + "/code"), .body = json::serialize(body)};
    auto updated = co_await Impl::ask_function(impl_, std::move(question), deadline);
    co_return updated;
}

io::Task<Result<FunctionInfo>> Client::update_configuration(
    std::string function, Configuration configuration, io::Deadline deadline
) {
    Question question{
        .method = "PUT",
        .target = functions("/" + function + "/configuration"),
        .body = json::serialize(members_of(configuration)),
    };
    auto updated = co_await Impl::ask_function(impl_, std::move(question), deadline);
    co_return updated;
}

io::Task<Result<FunctionInfo>> Client::settled(std::string function, io::Deadline deadline) {
    for (;;) {
        Question question{.target = functions("/" + function + "/configuration")};
        auto info = co_await Impl::ask_function(impl_, std::move(question), deadline);
        if (!info) co_return info;
        const bool failed = info->state == "Failed" || info->last_update == "Failed";
        if (failed) co_return fail(errors::not_updated(function, info->reason));
        const bool busy = info->state == "Pending" || info->last_update == "InProgress";
        if (!busy) co_return info;
        if (deadline.passed()) co_return fail(errors::not_updated(function, "still in progress"));
        co_await io::wait_for(poll_pause);
    }
}

io::Task<Result<FunctionInfo>> Client::publish(std::string function, std::string code_sha256, io::Deadline deadline) {
    const json::object body{{"CodeSha256", code_sha256}};
    Question question{
        .method = "POST", .target = functions("/" + function + "/versions"), .body = json::serialize(body)
    };
    auto published = co_await Impl::ask_function(impl_, std::move(question), deadline);
    co_return published;
}

io::Task<Result<std::optional<AliasInfo>>> Client::alias(
    std::string function, std::string name, io::Deadline deadline
) {
    Question question{.target = functions("/" + function + "/aliases/" + name)};
    auto found = co_await Impl::ask_alias(impl_, std::move(question), deadline);
    co_return present(std::move(found));
}

io::Task<Result<AliasInfo>> Client::set_alias(std::string function, AliasInfo alias, io::Deadline deadline) {
    json::object weights;
    for (const auto& [version, weight] : alias.weights) weights.emplace(version, weight);
    json::object body{
        {"FunctionVersion", alias.version},
        {"RoutingConfig", json::object{{"AdditionalVersionWeights", std::move(weights)}}},
    };
    if (!alias.revision.empty()) body["RevisionId"] = alias.revision;
    const auto target = functions("/" + function + "/aliases");
    Question update{.method = "PUT", .target = target + "/" + alias.name, .body = json::serialize(body)};
    auto updated = co_await Impl::ask_alias(impl_, std::move(update), deadline);
    const bool missing = !updated && updated.error().code == "ResourceNotFoundException" && alias.revision.empty();
    if (!missing) co_return updated;
    body["Name"] = alias.name;
    Question create{.method = "POST", .target = target, .body = json::serialize(body)};
    auto created = co_await Impl::ask_alias(impl_, std::move(create), deadline);
    co_return created;
}

io::Task<Result<Invoked>> Client::invoke(
    std::string function, std::string qualifier, std::string payload, io::Deadline deadline
) {
    Question question{
        .method = "POST",
        .target = qualified(functions("/" + function + "/invocations"), qualifier),
        .body = std::move(payload),
        .headers = {{"X-Amz-Log-Type", "Tail"}},
    };
    auto answer = co_await Impl::send(impl_, std::move(question), deadline);
    if (!answer) co_return fail(answer.error());
    co_return Invoked{
        .status = answer->status,
        .function_error = std::string(answer->header("X-Amz-Function-Error")),
        .payload = std::move(answer->body),
        .executed_version = std::string(answer->header("X-Amz-Executed-Version")),
        .log = from_base64(answer->header("X-Amz-Log-Result")).value_or(""),
    };
}

io::Task<Result<void>> Client::provision(
    std::string function, std::string version, std::int64_t environments, io::Deadline deadline
) {
    const auto target = fmt::format("/2019-09-30/functions/{}/provisioned-concurrency", function);
    Question question{.method = "DELETE", .target = qualified(target, version)};
    if (environments > 0) {
        question.method = "PUT";
        question.body = json::serialize(json::object{{"ProvisionedConcurrentExecutions", environments}});
    }
    const auto answer = co_await Impl::send(impl_, std::move(question), deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>();
}

io::Task<Result<std::optional<Provisioned>>> Client::provisioned(
    std::string function, std::string version, io::Deadline deadline
) {
    const auto target = fmt::format("/2019-09-30/functions/{}/provisioned-concurrency", function);
    Question question{.target = qualified(target, version)};
    const auto answer = co_await Impl::ask(impl_, std::move(question), deadline);
    if (!answer) co_return present<Provisioned>(fail(answer.error()));
    Provisioned provisioned;
    const auto number = [&](std::string_view name) {
        const auto* value = answer->if_contains(name);
        return value != nullptr && value->is_int64() ? value->as_int64() : 0;
    };
    const auto text = [&](std::string_view name) {
        const auto* value = answer->if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
    };
    provisioned.requested = number("RequestedProvisionedConcurrentExecutions");
    provisioned.available = number("AvailableProvisionedConcurrentExecutions");
    provisioned.status = text("Status");
    provisioned.reason = text("StatusReason");
    co_return std::optional<Provisioned>(std::move(provisioned));
}

}  // namespace cloudshelf::functions_client
