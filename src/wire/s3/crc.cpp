#include "wire/s3/crc.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cloudshelf::s3 {
namespace {

// Polynomials with their bits reversed, as all three CRCs send the lowest bit first.
constexpr std::uint64_t polynomial_32 = 0xedb88320;
constexpr std::uint64_t polynomial_32c = 0x82f63b78;
constexpr std::uint64_t polynomial_64 = 0x9a6c9329ac4bc9b5;

constexpr std::size_t lanes = 8;
using Tables = std::array<std::array<std::uint64_t, 256>, lanes>;

// tables[n][b]: what the byte b leaves behind after n more bytes of zero.
constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint64_t byte = 0; byte < 256; ++byte) {
        std::uint64_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ polynomial_64 : value >> 1;
        tables[0][byte] = value;
    }
    for (std::size_t lane = 1; lane < lanes; ++lane) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint64_t before = tables[lane - 1][byte];
            tables[lane][byte] = before >> 8 ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

// Not constexpr: the compiler would take its time over 16 Ki entries.
const Tables& tables() {
    static const Tables made = make_tables();
    return made;
}

std::uint64_t little_endian(const char* from) {
    std::uint64_t value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    return value;
}

/// A field of polynomials over GF(2) modulo one; the highest bit stands for x^0.
struct Field {
    std::uint64_t polynomial;
    std::uint64_t one;

    std::uint64_t times_x(std::uint64_t value) const { return (value & 1) != 0 ? value >> 1 ^ polynomial : value >> 1; }

    std::uint64_t product(std::uint64_t left, std::uint64_t right) const {
        std::uint64_t sum = 0;
        for (std::uint64_t bit = one; bit != 0; bit >>= 1) {
            if ((left & bit) != 0) sum ^= right;
            right = times_x(right);
        }
        return sum;
    }

    /// x to that power, by squaring.
    std::uint64_t power_of_x(std::uint64_t exponent) const {
        std::uint64_t result = one;
        for (std::uint64_t square = one >> 1; exponent != 0; exponent >>= 1) {
            if ((exponent & 1) != 0) result = product(result, square);
            square = product(square, square);
        }
        return result;
    }
};

constexpr Field field(CrcKind kind) {
    switch (kind) {
        case CrcKind::crc32:
            return {.polynomial = polynomial_32, .one = std::uint64_t{1} << 31};
        case CrcKind::crc32c:
            return {.polynomial = polynomial_32c, .one = std::uint64_t{1} << 31};
        case CrcKind::crc64nvme:
            break;
    }
    return {.polynomial = polynomial_64, .one = std::uint64_t{1} << 63};
}

std::uint64_t by_tables(std::uint64_t state, std::string_view bytes) {
    const Tables& table = tables();
    while (bytes.size() >= lanes) {
        const std::uint64_t mixed = state ^ little_endian(bytes.data());
        state = 0;
        for (std::size_t lane = 0; lane < lanes; ++lane) state ^= table[lanes - 1 - lane][mixed >> (8 * lane) & 0xff];
        bytes.remove_prefix(lanes);
    }
    for (const char byte : bytes) state = state >> 8 ^ table[0][(state ^ static_cast<unsigned char>(byte)) & 0xff];
    return state;
}

#if defined(__x86_64__)
constexpr std::size_t block = 16;
constexpr std::size_t stride = 4 * block;  // four independent chains keep the multiplier busy
constexpr std::size_t folded_size_min = 2 * stride;

/// What carries a block of 128 bits over a distance: its two halves (the earlier bytes are of the higher powers) times
/// x to the distance. One power less than that, as the product of two reversed numbers is reversed and shifted by one.
__m128i carriers(std::uint64_t distance_bits) {
    const Field f = field(CrcKind::crc64nvme);
    const std::uint64_t earlier = f.power_of_x(distance_bits + 64 - 1);
    const std::uint64_t later = f.power_of_x(distance_bits - 1);
    return _mm_set_epi64x(static_cast<long long>(later), static_cast<long long>(earlier));
}

__attribute__((target("pclmul"))) inline __m128i carried(__m128i value, __m128i carrier, __m128i onto) {
    const __m128i earlier = _mm_clmulepi64_si128(value, carrier, 0x00);
    const __m128i later = _mm_clmulepi64_si128(value, carrier, 0x11);
    return _mm_xor_si128(_mm_xor_si128(earlier, later), onto);
}

inline __m128i block_at(std::string_view bytes, std::size_t index) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + index * block));
}

// Many bytes are folded into 16 that have the same remainder, by multiplication without carries (V. Gopal and others,
// "Fast CRC computation for generic polynomials using PCLMULQDQ", Intel, 2009); the tables do the rest.
__attribute__((target("pclmul"))) std::uint64_t by_folding(std::uint64_t state, std::string_view bytes) {
    static const __m128i over_stride = carriers(8 * stride);
    static const __m128i over_block = carriers(8 * block);
    std::array<__m128i, 4> chains{block_at(bytes, 0), block_at(bytes, 1), block_at(bytes, 2), block_at(bytes, 3)};
    chains[0] = _mm_xor_si128(chains[0], _mm_set_epi64x(0, static_cast<long long>(state)));
    bytes.remove_prefix(stride);
    for (; bytes.size() >= stride; bytes.remove_prefix(stride)) {
        for (std::size_t i = 0; i < chains.size(); ++i) {
            chains[i] = carried(chains[i], over_stride, block_at(bytes, i));
        }
    }
    __m128i all = chains[0];
    for (std::size_t i = 1; i < chains.size(); ++i) all = carried(all, over_block, chains[i]);
    std::array<char, block> folded{};
    _mm_storeu_si128(reinterpret_cast<__m128i*>(folded.data()), all);
    return by_tables(by_tables(0, {folded.data(), folded.size()}), bytes);
}
#endif

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t of_before) {
    return static_cast<std::uint32_t>(
        ::crc32_z(of_before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())
    );
}

std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t of_before) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("pclmul") != 0;
    if (has_instruction && bytes.size() >= folded_size_min) return ~by_folding(~of_before, bytes);
#endif
    return ~by_tables(~of_before, bytes);
}

std::uint64_t combined_crc(CrcKind kind, std::uint64_t first, std::uint64_t second, std::uint64_t second_size) {
    // The ones at the beginning and at the end of both cancel each other out.
    const Field f = field(kind);
    // x^(8n), as (x^n)^8, so that no size is too large.
    std::uint64_t shift = f.power_of_x(second_size);
    for (int doubling = 0; doubling < 3; ++doubling) shift = f.product(shift, shift);
    return f.product(first, shift) ^ second;
}

}  // namespace cloudshelf::s3
