#include "wire/s3/ip_block.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <system_error>

namespace cloudshelf::s3 {

std::optional<IpBlock> parse_ip_block(std::string_view text) {
    const auto slash = text.find('/');
    const std::string address(text.substr(0, slash));
    if (address.contains('\0')) return std::nullopt;
    IpBlock block;
    if (inet_pton(AF_INET6, address.c_str(), block.address.data()) == 1) {
        block.v6 = true;
    } else if (inet_pton(AF_INET, address.c_str(), block.address.data()) != 1) {
        return std::nullopt;
    }
    const int bits_max = block.v6 ? 128 : 32;
    block.prefix_bits = bits_max;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), block.prefix_bits);
        if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        if (block.prefix_bits < 0 || block.prefix_bits > bits_max) return std::nullopt;
    }
    constexpr std::array<std::uint8_t, 12> v4_inside_v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (block.v6 && block.prefix_bits >= 96 && std::ranges::equal(v4_inside_v6, std::span(block.address).first<12>())) {
        std::ranges::copy(std::span(block.address).last<4>(), block.address.begin());
        std::ranges::fill(std::span(block.address).last<12>(), std::uint8_t{0});
        block.v6 = false;
        block.prefix_bits -= 96;
    }
    return block;
}

bool contains(const IpBlock& block, const IpBlock& address) {
    if (block.v6 != address.v6 || address.prefix_bits < block.prefix_bits) return false;
    for (int bit = 0; bit < block.prefix_bits; bit += 8) {
        const auto at = static_cast<std::size_t>(bit / 8);
        const int counted = std::min(8, block.prefix_bits - bit);
        const auto mask = static_cast<std::uint8_t>(0xff << (8 - counted));
        if (((block.address[at] ^ address.address[at]) & mask) != 0) return false;
    }
    return true;
}

}  // namespace cloudshelf::s3
