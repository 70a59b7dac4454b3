#include "wire/s3/crc.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <zlib.h>

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

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t of_before) {
    return static_cast<std::uint32_t>(
        ::crc32_z(of_before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())
    );
}

std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t of_before) {
    const Tables& table = tables();
    std::uint64_t state = ~of_before;
    while (bytes.size() >= lanes) {
        const std::uint64_t mixed = state ^ little_endian(bytes.data());
        state = 0;
        for (std::size_t lane = 0; lane < lanes; ++lane) state ^= table[lanes - 1 - lane][mixed >> (8 * lane) & 0xff];
        bytes.remove_prefix(lanes);
    }
    for (const char byte : bytes) state = state >> 8 ^ table[0][(state ^ static_cast<unsigned char>(byte)) & 0xff];
    return ~state;
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
