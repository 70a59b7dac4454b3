#include "base/digest.hpp"

#include "base/assert.hpp"
#include "base/hex.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace cloudshelf {
std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int ok = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
    CLOUDSHELF_ASSERT(ok == 1 && size == 32);
    return hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const auto* made = HMAC(
        EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(bytes.data()),
        bytes.size(),
        digest.data(),
        &size
    );
    CLOUDSHELF_ASSERT(made != nullptr && size == 32);
    return hex({reinterpret_cast<const char*>(digest.data()), size});
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace cloudshelf
