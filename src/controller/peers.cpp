#include "controller/peers.hpp"

#include "controller/json_path.hpp"
#include "io/background.hpp"

#include <boost/json.hpp>

namespace cloudshelf::controller {

Peers::Peers(const Services& services, const ControllerConfig& config, Duration interval)
    : services_(services), config_(config), interval_(interval) {
    for (const auto& peer : config_.peers) seen_[peer.site];
}

void Peers::begin() {
    for (const auto& peer : config_.peers) io::run_in_background(services_.executor, look_at(peer));
}

io::Task<void> Peers::look_at(PeerConfig peer) {
    for (;;) {
        io::HttpRequest request{
            .target = "/v1/leader", .headers = {{"Authorization", "Bearer " + services_.site_token}}
        };
        const auto answer =
            co_await services_.agents.send(peer.endpoint, std::move(request), io::Deadline::after(interval_));
        Seen& seen = seen_[peer.site];
        seen.answers = answer && answer->status == 200;
        boost::system::error_code bad;
        const auto said = seen.answers ? boost::json::parse(answer->body, bad) : boost::json::value();
        seen.store = seen.answers && !bad && is_true(said, "/store");
        if (seen.answers) {
            const auto whole = [&](const char* field) { return static_cast<std::uint64_t>(number(said, field)); };
            seen.at = io::now();
            seen.known_term = whole("/known_term");
            seen.journal_index = whole("/journal/index");
            seen.journal_term = whole("/journal/term");
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
