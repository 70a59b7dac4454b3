#include "region/program/peers.hpp"

#include "base/crc32c.hpp"

#include <fmt/format.h>

namespace cloudshelf::program {

std::uint16_t site_number(const RegionName& region) {
    return static_cast<std::uint16_t>(crc32c(region.value()));
}

Result<void> check_site_numbers(const RegionName& region, std::span<const Peer> peers) {
    for (const auto& peer : peers) {
        if (site_number(peer.region) != site_number(region)) continue;
        return fail(
            "program.same-site",
            fmt::format(
                "{} and {} have the same number in stamps: one of the two needs another name",
                peer.region.value(),
                region.value()
            )
        );
    }
    return {};
}

}  // namespace cloudshelf::program
