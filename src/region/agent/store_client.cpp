#include "region/agent/store_client.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;

json::value parsed(const std::string& body) {
    boost::system::error_code bad;
    json::value value = json::parse(body, bad);
    return bad ? json::value() : value;
}

}  // namespace

StoreClient::StoreClient(io::HttpClient& client, const AgentConfig& config, clocks::SiteClocks& clocks)
    : client_(client), config_(config), clocks_(clocks), heard_(io::now()) {}

io::Task<Result<io::HttpResponse>> StoreClient::ask(io::HttpRequest request, io::Deadline deadline) {
    request.headers = {{"Authorization", "Bearer " + config_.site_token}, {"Content-Type", "application/json"}};
    Result<io::HttpResponse> last = fail("agent.store", "no controller is configured");
    const std::size_t count = config_.controllers.size();
    for (std::size_t tried = 0; tried < count && !deadline.passed(); ++tried) {
        const std::size_t whom = preferred_ % count;
        const TimePoint asked_at = io::now();
        last = co_await client_.send(
            config_.controllers[whom].endpoint, request, deadline.sooner(config_.terms.duration / 4)
        );
        // 5xx: it is there, and cannot reach the store itself.
        if (last && last->status < 500) {
            heard_ = io::now();
            clocks_.heard_text(config_.controllers[whom].site, asked_at, last->body);
            co_return last;
        }
        preferred_ = whom + 1;
    }
    if (last) co_return fail("agent.store", fmt::format("the store answered {}: {}", last->status, last->body));
    co_return fail(last.error());
}

io::Task<Result<std::optional<StoreClient::Found>>> StoreClient::read() {
    io::HttpRequest request{.target = fmt::format("/v1/store/app/{}/lease", config_.application)};
    const auto answer = co_await ask(std::move(request), io::Deadline::after(config_.terms.duration / 2));
    if (!answer) co_return fail(answer.error());
    if (answer->status == 404) co_return std::optional<Found>();
    const json::value value = parsed(answer->body);
    if (answer->status != 200 || !value.is_object() || !value.as_object().contains("value"))
        co_return fail("agent.store", fmt::format("the store answered {} to a read of the lease", answer->status));
    auto record = core::parse_lease(json::value_to<std::string>(value.at("value")));
    if (!record) co_return fail(record.error());
    co_return Found{json::value_to<std::uint64_t>(value.at("revision")), std::move(*record)};
}

io::Task<Result<StoreClient::Stored>> StoreClient::swap(
    std::uint64_t revision, core::LeaseRecord next, io::Deadline deadline
) {
    const std::string wanted = core::to_json(next);
    const json::object body{
        {"key", fmt::format("app/{}/lease", config_.application)}, {"expected_revision", revision}, {"value", wanted}
    };
    io::HttpRequest request{.method = "POST", .target = "/v1/store/compare-and-swap", .body = json::serialize(body)};
    const auto answer = co_await ask(std::move(request), deadline);
    if (!answer) co_return fail(answer.error());
    const json::value value = parsed(answer->body);
    const auto* found = value.is_object() ? value.as_object().if_contains("revision") : nullptr;
    const auto* there = value.is_object() ? value.as_object().if_contains("value") : nullptr;
    if (answer->status == 409) {
        const bool ours = there && there->is_string() && there->as_string() == wanted;
        if (ours && found)
            co_return Stored{json::value_to<std::uint64_t>(*found), core::RenewalTries::Outcome::found_there};
        co_return fail("conflict", "the lease was changed by somebody else");
    }
    if (answer->status != 200 || !found)
        co_return fail("agent.store", fmt::format("the store answered {}", answer->status));
    co_return Stored{.revision = json::value_to<std::uint64_t>(*found)};
}

}  // namespace cloudshelf::region
