#include "region/functions/ids.hpp"

#include "base/assert.hpp"
#include "base/random.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <sys/random.h>

namespace cloudshelf::functions {
namespace {

std::array<std::uint64_t, 2> draw() {
    std::array<std::uint64_t, 2> bits{};
    // Up to 256 bytes come whole and are not interrupted (getrandom(2)).
    CLOUDSHELF_ASSERT(::getrandom(bits.data(), sizeof bits, 0) == sizeof bits);
    return bits;
}

}  // namespace

std::string draw_uuid() {
    auto [high, low] = draw();
    high = (high & ~0xf000ull) | 0x4000;
    low = (low & ~(3ull << 62)) | (2ull << 62);
    return fmt::format(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff'ffff'ffff
    );
}

double draw_unit() {
    return Random(draw()[0]).unit();
}

}  // namespace cloudshelf::functions
