#include "bookstore/system_ports.hpp"

#include "io/clock.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <sodium.h>
#include <stdexcept>

namespace cloudshelf::bookstore {

std::int64_t SystemClock::unix_seconds() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

TimePoint SystemClock::now() {
    return io::now();
}

std::string SystemRandom::uuid() {
    unsigned char bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string text;
    for (std::size_t i = 0; i < sizeof bytes; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        fmt::format_to(std::back_inserter(text), "{:02x}", bytes[i]);
    }
    return text;
}

Argon2Passwords::Argon2Passwords(Cost cost) : cost_(cost) {
    if (sodium_init() < 0) throw std::runtime_error("libsodium could not be started");
}

std::string Argon2Passwords::hash(const std::string& password) {
    char text[crypto_pwhash_STRBYTES];
    const auto memory = static_cast<std::size_t>(cost_.memory_kib) << 10;
    const int failed = crypto_pwhash_str_alg(
        text, password.data(), password.size(), cost_.passes, memory, crypto_pwhash_ALG_ARGON2ID13
    );
    if (failed != 0) throw std::runtime_error("not enough memory to hash a password");
    return text;
}

bool Argon2Passwords::matches(const std::string& hash, const std::string& password) {
    return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace cloudshelf::bookstore
