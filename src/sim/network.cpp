#include "sim/network.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

void Network::heal() {
    for (auto& from : ways_) from.fill(Way{});
}

void Network::send(Site from, Site to, std::function<void()> arrives) {
    if (from == to) return loop_.after(100us, std::move(arrives));
    const Way& way = ways_[index(from)][index(to)];
    if (way.cut || (way.lost > 0 && random_.unit() < way.lost)) return;
    const auto late = [&] {
        return way.delay + Duration(static_cast<std::int64_t>(
                               random_.below(static_cast<std::uint64_t>(std::max<Duration>(way.jitter, 1ns).count()))
                           ));
    };
    if (way.twice > 0 && random_.unit() < way.twice) loop_.after(late() + 5ms, arrives);
    loop_.after(late(), std::move(arrives));
}

}  // namespace cloudshelf::sim
