#include "region/objects/repairs.hpp"

#include "io/log.hpp"
#include "region/log/json.hpp"
#include "region/objects/find_version.hpp"
#include "region/objects/references.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

namespace cloudshelf::objects {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Duration answer_within = 1h;  // silence ends it sooner

/// How a content is that somebody refers to, set aside if it is altered. Nothing: nobody refers to it. Blocks.
Result<std::optional<contents::Health>> look_at(Service& service, const contents::ContentName& name) {
    const auto wanted = is_referenced(service, name);
    if (!wanted) return fail(wanted.error());
    if (!*wanted) return std::optional<contents::Health>();
    const auto health = service.contents().set_aside(name);
    if (!health) return fail(health.error());
    return std::optional(*health);
}

/// Whether a region says that it does not have a content whole. Anything else says nothing of the content.
bool has_none(const io::HttpResponse& answer) {
    const auto error = changelog::parse_error(answer.body);
    return error && (wants_repair(*error) || error->code == "contents.lost");
}

}  // namespace

bool wants_repair(const Error& error) {
    return error.code == "contents.corrupt" || error.code == "contents.missing";
}

struct Repairs::UnderWay {
    explicit UnderWay(const io::Executor& executor) : ended(executor, asio::steady_timer::time_point::max()) {}
    std::optional<Outcome> outcome;
    asio::steady_timer ended;
};

Repairs::Repairs(Service& service) : service_(service), client_(service.executor()) {}

io::Task<Repairs::Outcome> Repairs::repair(contents::ContentName name) {
    if (const auto found = under_way_.find(name); found != under_way_.end()) {
        const auto other = found->second;
        boost::system::error_code ignored;
        while (!other->outcome) co_await other->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return *other->outcome;
    }
    const auto ours = std::make_shared<UnderWay>(service_.executor());
    under_way_.emplace(name, ours);
    ours->outcome = co_await repair_alone(name);
    under_way_.erase(name);
    ours->ended.cancel();
    co_return *ours->outcome;
}

io::Task<Repairs::Outcome> Repairs::repair_alone(contents::ContentName name) {
    auto look = [this, name] { return look_at(service_, name); };
    const auto found = co_await service_.working().run(std::move(look));
    if (!found) co_return Outcome::unreachable;  // our disk, or our key: the file may be whole for all we know
    if (!*found) co_return Outcome::unwanted;
    if (**found == contents::Health::whole) co_return Outcome::repaired;  // by who asked before
    auto outcome = Outcome::nobody;
    for (const auto& peer : service_.options().peers) {
        const auto from = co_await repair_from(peer, name);
        if (from == Outcome::unreachable) outcome = from;
        if (from != Outcome::repaired) continue;
        ++repaired_;
        io::log(
            io::Level::warning,
            "objects.content-repaired",
            {{"content", contents::flat(name)}, {"from", peer.region.value()}}
        );
        service_.collect({name});  // it may be that nobody refers to it by now
        co_return from;
    }
    if (outcome == Outcome::nobody) {
        ++lost_;
        io::log(io::Level::error, "objects.content-lost", {{"content", contents::flat(name)}});
    }
    co_return outcome;
}

io::Task<Repairs::Outcome> Repairs::repair_from(Peer peer, contents::ContentName name) {
    auto begun = service_.contents().begin(name.key);
    if (!begun) co_return Outcome::unreachable;  // our disk, or our key: the file may be whole for all we know
    const auto writer = std::make_shared<contents::Writer>(std::move(*begun));
    io::HttpRequest request{.target = "/-/contents/" + name.sha256};
    const auto& secret = service_.options().log_secret;
    if (!secret.empty()) request.headers.emplace_back("Authorization", "Bearer " + secret);
    const io::BodySink sink = [this, writer](std::string piece) -> io::Task<Result<void>> {
        if (service_.stopping()) co_return fail("objects.stopping", "it ends");
        auto work = [writer, bytes = std::move(piece)] { return writer->append(bytes); };
        auto appended = co_await service_.working().run(std::move(work));
        co_return appended;
    };
    const auto answer =
        co_await client_.download(peer.endpoint, std::move(request), sink, io::Deadline::after(answer_within));
    if (!answer) co_return Outcome::unreachable;
    if (answer->status != 200) co_return has_none(*answer) ? Outcome::nobody : Outcome::unreachable;
    auto finish = [writer, sha256 = name.sha256] {
        return writer->finish({.expected_sha256 = sha256, .replace = contents::Replace::yes});
    };
    const auto stored = co_await service_.working().run(std::move(finish));
    co_return stored ? Outcome::repaired : Outcome::unreachable;
}

io::Task<bool> bring_back(Service& service, contents::ContentName name, Error why) {
    if (!wants_repair(why)) co_return false;
    const auto outcome = co_await service.repairs().repair(std::move(name));
    if (outcome != Repairs::Outcome::unwanted) report_unreadable(service, why);
    co_return outcome == Repairs::Outcome::repaired;
}

}  // namespace cloudshelf::objects
