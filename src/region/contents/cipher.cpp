#include "region/contents/cipher.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <string>

namespace cloudshelf::contents {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(char* to) {
    return reinterpret_cast<unsigned char*>(to);
}

// Looking an algorithm up takes OpenSSL 3 longer than sealing a kilobyte: once is enough. Never freed, on purpose.
const EVP_CIPHER* aes_256_gcm() {
    static const EVP_CIPHER* const found = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    CLOUDSHELF_ASSERT(found != nullptr);
    return found;
}
const EVP_MD* sha_256() {
    static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
    CLOUDSHELF_ASSERT(found != nullptr);
    return found;
}

}  // namespace

void random_bytes(unsigned char* to, std::size_t size) {
    CLOUDSHELF_ASSERT(RAND_bytes(to, static_cast<int>(size)) == 1);
}

Secret Secret::random() {
    Secret secret;
    CLOUDSHELF_ASSERT(RAND_priv_bytes(secret.data(), key_bytes) == 1);
    return secret;
}

Sealer::Sealer(const Secret& key) : context_(EVP_CIPHER_CTX_new()) {
    CLOUDSHELF_ASSERT(EVP_EncryptInit_ex2(context_.get(), aes_256_gcm(), key.data(), nullptr, nullptr) == 1);
}

void Sealer::seal(const Nonce& nonce, std::string_view bound, std::string_view plain, char* to) {
    EVP_CIPHER_CTX* const context = context_.get();
    int size = 0;
    bool good = EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1;
    good = good && EVP_EncryptUpdate(context, nullptr, &size, bytes_of(bound), static_cast<int>(bound.size())) == 1;
    const int many = static_cast<int>(plain.size());
    good = good && (plain.empty() || EVP_EncryptUpdate(context, bytes_of(to), &size, bytes_of(plain), many) == 1);
    char* const tag = to + plain.size();
    good = good && EVP_EncryptFinal_ex(context, bytes_of(tag), &size) == 1;
    good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag) == 1;
    CLOUDSHELF_ASSERT(good);
}

Opener::Opener(const Secret& key) : context_(EVP_CIPHER_CTX_new()) {
    CLOUDSHELF_ASSERT(EVP_DecryptInit_ex2(context_.get(), aes_256_gcm(), key.data(), nullptr, nullptr) == 1);
}

bool Opener::open(const Nonce& nonce, std::string_view bound, std::string_view sealed, char* to) {
    if (sealed.size() < tag_bytes) return false;
    EVP_CIPHER_CTX* const context = context_.get();
    std::string tag(sealed.substr(sealed.size() - tag_bytes));  // OpenSSL's interface takes it as not const
    sealed.remove_suffix(tag_bytes);
    int size = 0;
    bool good = EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1;
    good = good && EVP_DecryptUpdate(context, nullptr, &size, bytes_of(bound), static_cast<int>(bound.size())) == 1;
    const int many = static_cast<int>(sealed.size());
    good = good && (sealed.empty() || EVP_DecryptUpdate(context, bytes_of(to), &size, bytes_of(sealed), many) == 1);
    good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1;
    CLOUDSHELF_ASSERT(good);
    unsigned char nothing[tag_bytes];
    return EVP_DecryptFinal_ex(context, nothing, &size) == 1;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    CLOUDSHELF_ASSERT(EVP_DigestInit_ex2(context_.get(), sha_256(), nullptr) == 1);
}

void Sha256::add(std::string_view bytes) {
    CLOUDSHELF_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    CLOUDSHELF_ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(text), "{:02x}", digest[i]);
    return text;
}

}  // namespace cloudshelf::contents
