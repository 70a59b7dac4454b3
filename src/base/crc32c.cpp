#include "base/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace cloudshelf {

namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // 0x1edc6f41, bits reversed

constexpr auto table = [] {
    std::array<std::uint32_t, 256> values{};
    for (std::uint32_t byte = 0; byte < values.size(); ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ polynomial : value >> 1;
        values[byte] = value;
    }
    return values;
}();

std::uint32_t by_table(std::uint32_t state, std::string_view bytes) {
    for (const char byte : bytes) state = state >> 8 ^ table[(state ^ static_cast<unsigned char>(byte)) & 0xff];
    return state;
}

#if defined(__x86_64__)
// The processor has an instruction for just this polynomial since SSE 4.2.
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t state, std::string_view bytes) {
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t eight;
        std::memcpy(&eight, bytes.data(), sizeof eight);
        state = static_cast<std::uint32_t>(__builtin_ia32_crc32di(state, eight));
        bytes.remove_prefix(sizeof eight);
    }
    for (const char byte : bytes) state = __builtin_ia32_crc32qi(state, static_cast<unsigned char>(byte));
    return state;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t of_before) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) return ~by_instruction(~of_before, bytes);
#endif
    return ~by_table(~of_before, bytes);
}

}  // namespace cloudshelf
