#include "base/base64.hpp"

#include <openssl/evp.h>

namespace cloudshelf {

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero byte
    auto* to = reinterpret_cast<unsigned char*>(text.data());
    const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
    text.resize(static_cast<std::size_t>(EVP_EncodeBlock(to, from, static_cast<int>(bytes.size()))));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    auto* to = reinterpret_cast<unsigned char*>(bytes.data());
    const auto* from = reinterpret_cast<const unsigned char*>(text.data());
    if (EVP_DecodeBlock(to, from, static_cast<int>(text.size())) < 0) return std::nullopt;
    if (text.ends_with("==")) {
        bytes.resize(bytes.size() - 2);
    } else if (text.ends_with('=')) {
        bytes.pop_back();
    }
    // OpenSSL passes over spaces, "=" in the middle and spare bits; what was not made by `base64` is refused.
    if (base64(bytes) != text) return std::nullopt;
    return bytes;
}

}  // namespace cloudshelf
