#include "region/objects/repairs.hpp"

#include "io/log.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace cloudshelf::objects {
namespace {

using namespace std::chrono_literals;

constexpr Duration answer_within = 1h;  // silence ends it sooner

}  // namespace

bool wants_repair(const Error& error) {
    return error.code == "contents.corrupt" || error.code == "contents.missing";
}

Repairs::Repairs(Service& service) : service_(service), client_(service.executor()) {}

io::Task<Repairs::Outcome> Repairs::repair(contents::ContentName name) {
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
    if (answer->status == 404) co_return Outcome::nobody;
    if (answer->status != 200) co_return answer->status == 500 ? Outcome::nobody : Outcome::unreachable;
    auto finish = [writer, sha256 = name.sha256] {
        return writer->finish({.expected_sha256 = sha256, .replace = contents::Replace::yes});
    };
    const auto stored = co_await service_.working().run(std::move(finish));
    co_return stored ? Outcome::repaired : Outcome::unreachable;
}

}  // namespace cloudshelf::objects
