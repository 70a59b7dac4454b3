#include "core/hybrid_clock.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace cloudshelf::core {

namespace {

void put_big_endian(std::string& to, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) to += static_cast<char>(value >> shift);
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

std::string HybridStamp::encode() const {
    std::string bytes;
    bytes.reserve(encoded_bytes);
    put_big_endian(bytes, static_cast<std::uint64_t>(wall_ms), 8);
    put_big_endian(bytes, counter, 4);
    put_big_endian(bytes, site, 2);
    return bytes;
}

Result<HybridStamp> HybridStamp::decode(std::string_view bytes) {
    if (bytes.size() != encoded_bytes || (bytes[0] & 0x80) != 0) {
        return fail("clock.bad-stamp", fmt::format("{} bytes are no hybrid stamp", bytes.size()));
    }
    return HybridStamp{
        .wall_ms = static_cast<std::int64_t>(big_endian(bytes.substr(0, 8))),
        .counter = static_cast<std::uint32_t>(big_endian(bytes.substr(8, 4))),
        .site = static_cast<std::uint16_t>(big_endian(bytes.substr(12, 2)))
    };
}

void HybridClock::advance(std::int64_t wall_ms, std::uint32_t counter) {
    latest_ = {.wall_ms = wall_ms, .counter = counter, .site = options_.site};
}

HybridStamp HybridClock::tick(std::int64_t wall_ms) {
    CLOUDSHELF_ASSERT(wall_ms >= 0);
    if (wall_ms > latest_.wall_ms) {
        advance(wall_ms, 0);
    } else if (latest_.counter == std::numeric_limits<std::uint32_t>::max()) {
        advance(latest_.wall_ms + 1, 0);
    } else {
        advance(latest_.wall_ms, latest_.counter + 1);
    }
    return latest_;
}

Result<void> HybridClock::receive(const HybridStamp& stamp, std::int64_t wall_ms) {
    const std::int64_t ahead_ms_max = std::chrono::duration_cast<std::chrono::milliseconds>(options_.skew_max).count();
    if (stamp.wall_ms > wall_ms && stamp.wall_ms - wall_ms > ahead_ms_max) {
        return fail(
            "clock.ahead",
            fmt::format(
                "a stamp of site {} is {} ms ahead of our clock, and {} are allowed: one of the two clocks is wrong",
                stamp.site,
                stamp.wall_ms - wall_ms,
                ahead_ms_max
            )
        );
    }
    resume(stamp);
    return {};
}

void HybridClock::resume(const HybridStamp& latest) {
    const auto seen = std::pair(latest.wall_ms, latest.counter);
    if (seen > std::pair(latest_.wall_ms, latest_.counter)) advance(seen.first, seen.second);
}

}  // namespace cloudshelf::core
