#include "sim/network.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

void Network::heal() {
    for (auto& from : ways_) from.fill(Way{});
    expired_ = {};
}

Duration Network::draw_delay(Site from, Site to) {
    if (from == to) return 100us;
    const Way& way = ways_[index(from)][index(to)];
    const auto jitter = static_cast<std::uint64_t>(std::max<Duration>(way.jitter, 1ns).count());
    return way.delay + Duration(static_cast<std::int64_t>(random_.below(jitter)));
}

void Network::send(Site from, Site to, std::function<void()> arrives) {
    if (from == to) return loop_.after(draw_delay(from, to), std::move(arrives));
    const Way& way = ways_[index(from)][index(to)];
    constexpr std::uint64_t million = 1'000'000;
    if (!passes(from, to) || (way.lost_ppm > 0 && random_.below(million) < way.lost_ppm)) return;
    const auto arrival = [&] { return std::max(loop_.now() + draw_delay(from, to), way.held_until); };
    if (way.twice_ppm > 0 && random_.below(million) < way.twice_ppm) loop_.at(arrival() + 5ms, arrives);
    loop_.at(arrival(), std::move(arrives));
}

}  // namespace cloudshelf::sim
