#include "store/etcd_gateway.hpp"

#include "base/assert.hpp"
#include "store/errors.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace cloudshelf::store {
namespace {

namespace json = boost::json;

// gRPC's status codes, as the gateway's "code" has them (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
constexpr int invalid_argument = 3;
constexpr int permission_denied = 7;
constexpr int resource_exhausted = 8;
constexpr int out_of_range = 11;
constexpr int unimplemented = 12;
constexpr int unavailable = 14;
constexpr int unauthenticated = 16;

}  // namespace

std::uint64_t etcd_number(const json::object& object, std::string_view field) {
    const auto* value = object.if_contains(field);
    if (value == nullptr || !value->is_string()) return 0;
    const auto& text = value->get_string();
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Result<json::object> read_etcd_answer(const std::string& member, const io::HttpResponse& answer) {
    boost::system::error_code bad;
    json::value value = json::parse(answer.body, bad);
    if (bad || !value.is_object()) {
        return fail(errors::no_answer(member, fmt::format("status {} and no JSON object", answer.status)));
    }
    json::object& object = value.get_object();
    if (answer.status == 200) return std::move(object);
    const auto* code_field = object.if_contains("code");
    const auto* why_field = object.if_contains("message");
    const int code = code_field && code_field->is_int64() ? static_cast<int>(code_field->get_int64()) : 0;
    const std::string why(why_field && why_field->is_string() ? why_field->get_string().c_str() : "no reason given");
    switch (code) {
        case invalid_argument:
        case out_of_range:
        case permission_denied:
        case unimplemented:
        case unauthenticated:
            return fail(errors::failed(member, why));
        case resource_exhausted:
            if (why.contains("database space exceeded")) return fail(errors::disk_full(member, why));
            if (why.contains("too many requests")) return fail(errors::unreachable(member, why));
            return fail(errors::failed(member, why));
        case unavailable:
            // Only this text is said before the request is looked at; a timeout of etcd's own says nothing.
            if (why == "etcdserver: no leader") return fail(errors::no_quorum(member));
            return fail(errors::no_answer(member, why));
        default:
            return fail(errors::no_answer(member, fmt::format("{} (code {})", why, code)));
    }
}

EtcdGateway::EtcdGateway(io::Executor executor, Options options)
    : options_(std::move(options)), client_(std::move(executor), options_.http) {
    CLOUDSHELF_ASSERT(!options_.endpoints.empty());
}

io::Task<Result<json::object>> EtcdGateway::send(io::Endpoint member, io::HttpRequest request) {
    const std::string name = member.text();
    const auto deadline = io::Deadline::after(options_.try_limit);
    const auto answer = co_await client_.send(member, std::move(request), deadline);
    if (answer) co_return read_etcd_answer(name, *answer);
    const bool sent = answer.error().certainty == Certainty::unknown;
    co_return fail(
        sent ? errors::no_answer(name, answer.error().message) : errors::unreachable(name, answer.error().message)
    );
}

io::Task<Result<json::object>> EtcdGateway::ask(io::Endpoint member, std::string path, json::object body) {
    io::HttpRequest request{.method = "POST", .target = std::move(path), .body = json::serialize(body)};
    request.headers.emplace_back("Content-Type", "application/json");
    return send(std::move(member), std::move(request));
}

io::Task<Result<json::object>> EtcdGateway::call(std::string path, json::object body, Repeatable repeatable) {
    io::HttpRequest request{.method = "POST", .target = std::move(path), .body = json::serialize(body)};
    request.headers.emplace_back("Content-Type", "application/json");
    // The gateway hands this on as gRPC metadata: a member without a leader is to refuse at once, not to wait for one.
    request.headers.emplace_back("Grpc-Metadata-hasleader", "true");
    const std::size_t count = options_.endpoints.size();
    const std::size_t first = preferred_;
    Error problem;
    std::string why;
    bool doubt = false;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t member = (first + i) % count;
        auto answer = co_await send(options_.endpoints[member], request);
        if (answer) {
            preferred_ = member;
            co_return answer;
        }
        if (preferred_ == member) preferred_ = (member + 1) % count;
        // Of several the one that says most: somebody was there.
        if (problem.code.empty() || problem.code == "store.unreachable") problem = answer.error();
        why += (why.empty() ? "" : "; ") + answer.error().message;
        doubt |= answer.error().certainty == Certainty::unknown;
        const bool final = !answer.error().retryable || (doubt && repeatable == Repeatable::no);
        if (final) {
            problem = answer.error();
            break;
        }
    }
    problem.message = why;
    if (doubt) problem.certainty = Certainty::unknown;
    co_return fail(problem);
}

}  // namespace cloudshelf::store
