#include "controller/peers.hpp"

#include "controller/json_path.hpp"
#include "io/background.hpp"

#include <boost/json.hpp>

namespace cloudshelf::controller {

Peers::Peers(const Services& services, const ControllerConfig& config, Duration interval, Told told)
    : services_(services), config_(config), interval_(interval), told_(std::move(told)) {
    for (const auto& peer : config_.peers) seen_[peer.site];
}

void Peers::begin() {
    for (const auto& peer : config_.peers) io::run_in_background(services_.executor, look_at(peer));
}

io::Task<boost::json::value> Peers::ask(const PeerConfig& peer, std::string target) {
    io::HttpRequest request{
        .target = std::move(target), .headers = {{"Authorization", "Bearer " + services_.site_token}}
    };
    const auto answer =
        co_await services_.agents.send(peer.endpoint, std::move(request), io::Deadline::after(interval_));
    boost::system::error_code bad;
    boost::json::value said;
    if (answer && answer->status == 200) said = boost::json::parse(answer->body, bad);
    co_return bad ? boost::json::value() : said;
}

io::Task<void> Peers::look_at(PeerConfig peer) {
    LooksElsewhere looks;
    const auto tell = [this, &peer](const core::CheckName& check, core::Observation observation) {
        told_(peer.site, check, observation);
    };
    for (;;) {
        const auto said = co_await ask(peer, "/v1/leader");
        Seen& seen = seen_[peer.site];
        seen.answers = said.is_object();
        seen.store = seen.answers && is_true(said, "/store");
        if (seen.answers) {
            const auto whole = [&](const char* field) { return static_cast<std::uint64_t>(number(said, field)); };
            seen.at = io::now();
            seen.known_term = whole("/known_term");
            seen.journal_index = whole("/journal/index");
            seen.journal_term = whole("/journal/term");
            std::string target = looks.target();
            const auto lately = co_await ask(peer, std::move(target));
            looks.heard(lately, tell);
        }
        co_await io::wait_for(interval_);
    }
}

std::set<RegionName> Peers::able() const {
    std::set<RegionName> sites;
    for (const auto& [site, seen] : seen_) {
        if (seen.answers && seen.store) sites.insert(site);
    }
    return sites;
}

}  // namespace cloudshelf::controller
