#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "region/program/arguments.hpp"

#include <cstdint>
#include <span>

namespace cloudshelf::program {

/// A region's number in stamps, out of its name alone, so that all regions agree and another peer changes nothing.
std::uint16_t site_number(const RegionName& region);

/// Two regions of one number (1 in 65,536 pairs) are refused at the start. Errors: "program.same-site".
Result<void> check_site_numbers(const RegionName& region, std::span<const Peer> peers);

}  // namespace cloudshelf::program
