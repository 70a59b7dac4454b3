#include "drivers/tables/client.hpp"

#include "base/digest.hpp"
#include "drivers/tables/errors.hpp"
#include "drivers/tables/metrics.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::tables_client {
namespace json = boost::json;

namespace {

/// Whether a call may be sent again when nobody knows what came of it.
enum class Repeat : bool { no, once };

Repeat repeat_of(const std::string& condition) {
    return condition.empty() ? Repeat::once : Repeat::no;
}

/// "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" → "ResourceNotFoundException"
std::string short_name(const json::object& body) {
    const auto* type = body.if_contains("__type");
    if (type == nullptr || !type->is_string()) return {};
    const std::string name(type->as_string());
    return name.substr(name.rfind('#') + 1);
}

Error refused(const json::object& body, std::string name, int status) {
    const auto* message = body.if_contains("message");
    if (message == nullptr) message = body.if_contains("Message");
    const bool said = message != nullptr && message->is_string();
    const bool doubtful = status >= 500 && status != 503;
    const bool passes = status >= 500 || name == "ThrottlingException" || name == "RequestLimitExceeded" ||
                        name == "ProvisionedThroughputExceededException";
    // Of a wrong signature DynamoDB tells all that was signed, line by line.
    const std::string text = said ? std::string(message->as_string()) : fmt::format("status {}", status);
    return {
        .code = std::move(name),
        .message = text.substr(0, text.find('\n')),
        .certainty = doubtful ? Certainty::unknown : Certainty::not_done,
        .retryable = passes,
    };
}

}  // namespace

struct Client::Impl {
    Impl(io::Executor executor, Options options_in)
        : options(std::move(options_in)), server(options.endpoint.text()), http(std::move(executor), options.http) {}

    io::HttpRequest request(std::string_view target, std::string body) const {
        io::HttpRequest request;
        request.method = "POST";
        request.headers = {
            {"Host", options.host.empty() ? server : options.host},
            {"Content-Type", "application/x-amz-json-1.0"},
            {"X-Amz-Target", std::string(target)},
        };
        request.body = std::move(body);
        const auto digest = sha256_hex(request.body);
        const sigv4::Request to_sign{
            .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
        };
        const sigv4::SigningOptions scope{.region = options.region, .service = "dynamodb"};
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto signature = sigv4::sign(to_sign, options.credentials, scope, now);
        request.headers.insert(request.headers.end(), signature.begin(), signature.end());
        return request;
    }

    Result<json::object> read(const io::HttpResponse& answer) const {
        if (answer.status == 200 && answer.body.empty()) return json::object();  // TagResource has nothing to say
        boost::system::error_code bad;
        auto body = json::parse(answer.body, bad);
        if (bad || !body.is_object()) return fail(errors::bad_answer(server, answer.status, "no JSON object"));
        if (answer.status == 200) return std::move(body.as_object());
        auto name = short_name(body.as_object());
        if (name.empty()) return fail(errors::bad_answer(server, answer.status, "no __type"));
        return fail(refused(body.as_object(), std::move(name), answer.status));
    }

    static io::Task<Result<json::object>> call(
        std::shared_ptr<Impl> self, const char* operation, std::string body, Repeat repeat, io::Deadline deadline
    ) {
        return send(std::move(self), fmt::format("DynamoDB_20120810.{}", operation), std::move(body), repeat, deadline);
    }
    static io::Task<Result<json::object>> send(
        std::shared_ptr<Impl> self, std::string target, std::string body, Repeat repeat, io::Deadline deadline
    ) {
        auto first = self->request(target, body);
        auto answer = co_await self->http.send(self->options.endpoint, std::move(first), deadline);
        if (!answer && answer.error().code == "io.closed" && repeat == Repeat::once && !deadline.passed()) {
            auto second = self->request(target, std::move(body));
            answer = co_await self->http.send(self->options.endpoint, std::move(second), deadline);
        }
        if (!answer) co_return fail(errors::unavailable(self->server, answer.error()));
        co_return self->read(*answer);
    }

    Options options;
    std::string server;
    io::HttpClient http;
};

Client::Client(io::Executor executor, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
Client::~Client() = default;

io::Task<Result<std::optional<dynamodb::Item>>> Client::get(
    std::string table, dynamodb::Item key, Freshness freshness, io::Deadline deadline
) {
    std::string body = "{\"TableName\":";
    dynamodb::append_json_string(body, table);
    body += freshness == Freshness::newest ? ",\"ConsistentRead\":true,\"Key\":" : ",\"Key\":";
    dynamodb::append_json(body, key);
    body += '}';
    const auto answer = co_await Impl::call(impl_, "GetItem", std::move(body), Repeat::once, deadline);
    if (!answer) co_return fail(answer.error());
    co_return item_of(*answer, "Item");
}

io::Task<Result<void>> Client::put(Put put, io::Deadline deadline) {
    auto body = body_of(put);
    const auto answer = co_await Impl::call(impl_, "PutItem", std::move(body), repeat_of(put.condition), deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>();
}

io::Task<Result<dynamodb::Item>> Client::update(Update update, io::Deadline deadline) {
    auto body = body_of(update);
    // SET alone does the same thing twice; ADD, list_append and the like do not.
    const bool sets = update.expression.starts_with("SET ") && !update.expression.contains('(') &&
                      !update.expression.contains(" + ") && !update.expression.contains(" - ");
    const auto repeat = sets ? repeat_of(update.condition) : Repeat::no;
    const auto answer = co_await Impl::call(impl_, "UpdateItem", std::move(body), repeat, deadline);
    if (!answer) co_return fail(answer.error());
    auto item = item_of(*answer, "Attributes");
    if (!item) co_return fail(item.error());
    co_return item->value_or(dynamodb::Item());
}

io::Task<Result<void>> Client::remove(Delete remove, io::Deadline deadline) {
    auto body = body_of(remove);
    const auto repeat = repeat_of(remove.condition);
    const auto answer = co_await Impl::call(impl_, "DeleteItem", std::move(body), repeat, deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>();
}

io::Task<Result<std::vector<dynamodb::Item>>> Client::query(Query query, io::Deadline deadline) {
    std::vector<dynamodb::Item> all;
    dynamodb::Item after;
    do {
        auto body = body_of(query, after);
        const auto answer = co_await Impl::call(impl_, "Query", std::move(body), Repeat::once, deadline);
        if (!answer) co_return fail(answer.error());
        auto page = items_of(*answer);
        if (!page) co_return fail(page.error());
        std::ranges::move(*page, std::back_inserter(all));
        auto last = item_of(*answer, "LastEvaluatedKey");
        if (!last) co_return fail(last.error());
        after = last->value_or(dynamodb::Item());
    } while (!after.empty() && all.size() < query.items_max);
    co_return all;
}

io::Task<Result<std::int64_t>> Client::count(std::string table, io::Deadline deadline) {
    std::int64_t counted = 0;
    json::object body{{"TableName", table}, {"Select", "COUNT"}, {"ConsistentRead", true}};
    for (;;) {
        auto text = json::serialize(body);
        const auto answer = co_await Impl::call(impl_, "Scan", std::move(text), Repeat::once, deadline);
        if (!answer) co_return fail(answer.error());
        const auto* count = answer->if_contains("Count");
        if (count == nullptr || !count->is_int64()) {
            co_return fail(errors::bad_answer(impl_->server, 200, "a Scan without Count"));
        }
        counted += count->as_int64();
        const auto* last = answer->if_contains("LastEvaluatedKey");
        if (last == nullptr || !last->is_object() || last->as_object().empty()) co_return counted;
        body["ExclusiveStartKey"] = *last;
    }
}

io::Task<Result<TableDescription>> Client::describe(std::string table, io::Deadline deadline) {
    auto body = json::serialize(json::object{{"TableName", table}});
    const auto answer = co_await Impl::call(impl_, "DescribeTable", std::move(body), Repeat::once, deadline);
    if (!answer) co_return fail(answer.error());
    co_return description_of(*answer);
}

io::Task<Result<TableDescription>> Client::create(TableDefinition table, io::Deadline deadline) {
    auto body = body_of(table);
    const auto answer = co_await Impl::call(impl_, "CreateTable", std::move(body), Repeat::no, deadline);
    if (!answer) co_return fail(answer.error());
    co_return description_of(*answer);
}

io::Task<Result<TableDescription>> Client::add_replica(std::string table, std::string region, io::Deadline deadline) {
    auto body = json::serialize(
        json::object{{"TableName", table}, {"ReplicaUpdates", json::array{{{"Create", {{"RegionName", region}}}}}}}
    );
    const auto answer = co_await Impl::call(impl_, "UpdateTable", std::move(body), Repeat::no, deadline);
    if (!answer) co_return fail(answer.error());
    co_return description_of(*answer);
}

io::Task<Result<void>> Client::expire_by(std::string table, std::string attribute, io::Deadline deadline) {
    auto question = json::serialize(json::object{{"TableName", table}});
    const auto now = co_await Impl::call(impl_, "DescribeTimeToLive", std::move(question), Repeat::once, deadline);
    if (!now) co_return fail(now.error());
    boost::system::error_code none;
    const json::value described(*now);
    const auto* status = described.find_pointer("/TimeToLiveDescription/TimeToLiveStatus", none);
    if (status != nullptr && (*status == "ENABLED" || *status == "ENABLING")) co_return Result<void>();
    auto body = json::serialize(json::object{
        {"TableName", table}, {"TimeToLiveSpecification", {{"AttributeName", attribute}, {"Enabled", true}}}
    });
    const auto answer = co_await Impl::call(impl_, "UpdateTimeToLive", std::move(body), Repeat::no, deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>();
}

io::Task<Result<std::optional<Duration>>> Client::followed_age(std::string region, io::Deadline deadline) {
    io::HttpRequest request{.method = "GET", .target = "/metrics", .headers = {}, .body = {}};
    const auto page = co_await impl_->http.send(impl_->options.endpoint, std::move(request), deadline);
    if (!page) co_return fail(errors::unavailable(impl_->server, page.error()));
    const auto seconds =
        page->status == 200
            ? metric(page->body, fmt::format("cloudshelf_tables_followed_age_seconds{{region=\"{}\"}}", region))
            : std::nullopt;
    if (!seconds) co_return std::optional<Duration>();
    co_return std::optional(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds)));
}

io::Task<Result<json::object>> Client::tell(std::string target, json::object body, io::Deadline deadline) {
    auto text = json::serialize(body);
    co_return co_await Impl::send(impl_, std::move(target), std::move(text), Repeat::no, deadline);
}

io::Task<Result<json::object>> Client::ask(std::string target, json::object body, io::Deadline deadline) {
    auto text = json::serialize(body);
    co_return co_await Impl::send(impl_, std::move(target), std::move(text), Repeat::once, deadline);
}

}  // namespace cloudshelf::tables_client
