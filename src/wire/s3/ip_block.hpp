#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::s3 {

/// A block of addresses in CIDR notation, or one address. IPv4 inside IPv6 (::ffff:192.0.2.1) counts as IPv4.
struct IpBlock {
    std::array<std::uint8_t, 16> address{};
    bool v6 = false;
    int prefix_bits = 0;  // of 32 or 128
};

/// "192.0.2.0/24", "192.0.2.1", "2001:db8::/32"; bits behind the prefix are not looked at.
std::optional<IpBlock> parse_ip_block(std::string_view text);

bool contains(const IpBlock& block, const IpBlock& address);

}  // namespace cloudshelf::s3
