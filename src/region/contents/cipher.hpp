#pragma once

#include "io/openssl.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// AES-256-GCM and SHA-256, by OpenSSL.
namespace cloudshelf::contents {

inline constexpr std::size_t key_bytes = 32;
inline constexpr std::size_t nonce_bytes = 12;
inline constexpr std::size_t tag_bytes = 16;

using Nonce = std::array<unsigned char, nonce_bytes>;

/// 32 secret bytes, wiped when they go. Neither copied by accident nor printed.
class Secret {
public:
    Secret() = default;
    ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
    Secret(const Secret& other) = delete;
    Secret& operator=(const Secret& other) = delete;
    Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
    Secret& operator=(Secret&& other) noexcept {
        bytes_ = other.bytes_;
        if (this != &other) other.wipe();
        return *this;
    }
    /// From the system's generator.
    static Secret random();

    unsigned char* data() { return bytes_.data(); }
    const unsigned char* data() const { return bytes_.data(); }
    std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

private:
    void wipe() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

    std::array<unsigned char, key_bytes> bytes_{};
};

/// Fills with bytes that nobody can foretell; for ids and nonces.
void random_bytes(unsigned char* to, std::size_t size);

/// AES-256-GCM (NIST SP 800-38D) under one key, with 96-bit nonces and 128-bit tags. One direction only; for one thread
/// at a time.
class Sealer {
public:
    explicit Sealer(const Secret& key);
    /// Writes `plain.size()` encrypted bytes and then the tag to `to`. A nonce is used once per key, or all is lost.
    void seal(const Nonce& nonce, std::string_view bound, std::string_view plain, char* to);

private:
    std::unique_ptr<EVP_CIPHER_CTX, io::openssl::Free<EVP_CIPHER_CTX_free>> context_;
};

class Opener {
public:
    explicit Opener(const Secret& key);
    /// The opposite: `sealed` ends with its tag. False, and nothing that may be used, when it is not what was sealed.
    bool open(const Nonce& nonce, std::string_view bound, std::string_view sealed, char* to);

private:
    std::unique_ptr<EVP_CIPHER_CTX, io::openssl::Free<EVP_CIPHER_CTX_free>> context_;
};

/// SHA-256 of what comes in pieces.
class Sha256 {
public:
    Sha256();
    void add(std::string_view bytes);
    /// 64 hexadecimal digits, lower case; afterwards it is of no use.
    std::string hex();

private:
    std::unique_ptr<EVP_MD_CTX, io::openssl::Free<EVP_MD_CTX_free>> context_;
};

}  // namespace cloudshelf::contents
