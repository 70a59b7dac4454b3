#include "region/agent/api.hpp"

#include "base/digest.hpp"
#include "drivers/dns/dns.hpp"

#include <boost/json.hpp>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

Epoch epoch_of(const json::value& body) {
    return Epoch(json::value_to<std::uint64_t>(body.at("epoch")));
}

Duration limit_of(const json::value& body) {
    return std::chrono::milliseconds(json::value_to<std::int64_t>(body.at("limit_ms")));
}

json::object to_json(const core::PromotionToken& token) {
    return {{"system_id", token.system_id}, {"timeline", token.timeline}, {"lsn", core::text(token.lsn)}};
}

/// Errors: those of core::parse_lsn.
Result<core::PromotionToken> token_of(const json::value& token) {
    const auto lsn = core::parse_lsn(json::value_to<std::string>(token.at("lsn")));
    if (!lsn) return fail(lsn.error());
    return core::PromotionToken{
        .system_id = json::value_to<std::string>(token.at("system_id")),
        .timeline = json::value_to<std::uint32_t>(token.at("timeline")),
        .lsn = *lsn,
    };
}

/// A command is refused by one of the codes of docs/architecture.md; a code with a folder's name says what went wrong.
int status_of(const Error& error) {
    if (error.code == "store-unreachable" || error.code == "not-released") return 503;
    return error.code.find('.') == std::string::npos ? 409 : 500;
}

io::HttpResponse failed(const Error& error) {
    return io::HttpResponse::error(status_of(error), error.code, error.message);
}

io::HttpResponse done(const Result<void>& result) {
    return result ? io::HttpResponse::json(200, "{}") : failed(result.error());
}

}  // namespace

Api::Api(
    const AgentConfig& config,
    const Status& status,
    const clocks::SiteClocks& clocks,
    WriteLease& lease,
    Promises& promises,
    Names& names,
    Commands* commands
)
    : config_(config),
      status_(status),
      clocks_(clocks),
      lease_(lease),
      promises_(promises),
      names_(names),
      commands_(commands) {}

io::Task<io::HttpResponse> Api::answer(io::HttpRequest request) {
    const std::string path(request.path());
    if (path == "/metrics") co_return status_.metrics();
    // The same for every caller and every path: nothing is told to whoever has no token.
    if (!equal_in_constant_time(request.header("Authorization"), "Bearer " + config_.site_token)) {
        co_return io::HttpResponse::error(401, "no-token", "expected Authorization: Bearer <site token>");
    }
    if (request.method == "GET" && path == "/v1/status") co_return status_.answer();
    if (request.method != "POST" || !path.starts_with("/v1/"))
        co_return io::HttpResponse::error(404, "no-such-call", path);
    std::string problem;
    try {
        co_return co_await carry_out(path.substr(4), std::move(request));
    } catch (const std::exception& bad) {
        problem = bad.what();
    }
    co_return io::HttpResponse::error(400, "bad-request", problem);
}

io::Task<io::HttpResponse> Api::carry_out(std::string what, io::HttpRequest request) {
    const auto body = [&request] { return json::parse(request.body); };
    if (what == "dns") co_return co_await change_dns(body());
    if (commands_ == nullptr)
        co_return io::HttpResponse::error(404, "no-such-call", "this is the witness: it holds no data");
    if (what == "promise") co_return promise(body());
    if (what == "promote") co_return co_await promote(body());
    if (what == "pause") co_return done(commands_->pause(epoch_of(body()), limit_of(body())));
    if (what == "demote") co_return co_await demote(epoch_of(body()));
    if (what == "prepare-switchover") {
        const auto prepared = co_await commands_->prepare_switchover();
        co_return done(prepared);
    }
    if (what == "fence") {
        const auto fenced = co_await commands_->fence(epoch_of(body()));
        co_return done(fenced);
    }
    co_return io::HttpResponse::error(404, "no-such-call", std::string(request.path()));
}

io::HttpResponse Api::promise(const json::value& body) {
    const Epoch epoch = epoch_of(body);
    const bool same = json::value_to<std::string>(body.at("application")) == config_.application;
    if (same) {
        if (const auto known = promises_.learn(epoch, core::Whose::anothers); !known)
            return io::HttpResponse::error(503, known.error().code, known.error().message);
    }
    if (same && !lease_.is_held() && promises_.grant(epoch, clocks_.terms()))
        return io::HttpResponse::json(200, R"({"granted": true})");
    const json::object refusal{
        {"error", {{"code", "promise-refused"}, {"message", "a newer epoch is known here"}}},
        {"epoch", promises_.known().value()}
    };
    return io::HttpResponse::json(409, json::serialize(refusal));
}

io::Task<io::HttpResponse> Api::promote(json::value body) {
    const TimePoint began = io::now();
    Commands::Promotion command{
        .order =
            {.epoch = epoch_of(body), .fenced = Epoch(json::value_to<std::uint64_t>(body.at("fence").at("epoch")))},
        .deadline = io::Deadline::after(limit_of(body)),
    };
    if (const auto* token = body.as_object().if_contains("token")) {
        auto read = token_of(*token);
        if (!read) co_return io::HttpResponse::error(400, "bad-request", read.error().message);
        command.token = std::move(*read);
    }
    const Epoch epoch = command.order.epoch;
    const auto promoted = co_await commands_->promote(std::move(command));
    if (!promoted) co_return failed(promoted.error());
    co_return status_.promoted(epoch, io::now() - began);
}

io::Task<io::HttpResponse> Api::demote(Epoch epoch) {
    const auto token = co_await commands_->demote(epoch);
    if (!token) co_return failed(token.error());
    co_return io::HttpResponse::json(200, json::serialize(json::object{{"token", to_json(*token)}}));
}

io::Task<io::HttpResponse> Api::change_dns(json::value body) {
    const dns::Version version{
        json::value_to<std::uint64_t>(body.at("epoch")), json::value_to<std::uint64_t>(body.at("change"))
    };
    std::vector<dns::RecordSet> records;
    for (const auto& entry : body.at("records").as_array()) {
        records.push_back({
            .name = json::value_to<std::string>(entry.at("name")),
            .type = json::value_to<std::string>(entry.at("type")),
            .ttl = json::value_to<std::uint32_t>(entry.at("ttl")),
            .values = json::value_to<std::vector<std::string>>(entry.at("values")),
        });
    }
    const auto applied = co_await names_.change(version, std::move(records), io::Deadline::after(2s));
    if (applied) co_return io::HttpResponse::json(200, "{}");
    if (applied.error().code == "dns.stale-epoch")
        co_return io::HttpResponse::error(409, "stale-epoch", applied.error().message);
    co_return io::HttpResponse::error(503, applied.error().code, applied.error().message);
}

}  // namespace cloudshelf::region
