#include "wire/sigv4/signing_key.hpp"

#include "base/assert.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace cloudshelf::sigv4 {
namespace {

std::string_view bytes(const Mac& mac) {
    return {mac.data(), mac.size()};
}

}  // namespace

Mac hmac(std::string_view key, std::string_view bytes) {
    Mac mac{};
    unsigned int size = 0;
    const auto* made = HMAC(
        EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(bytes.data()),
        bytes.size(),
        reinterpret_cast<unsigned char*>(mac.data()),
        &size
    );
    CLOUDSHELF_ASSERT(made != nullptr && size == mac.size());
    return mac;
}

Mac signing_key(std::string_view secret_access_key, const Scope& scope) {
    Mac key = hmac("AWS4" + std::string(secret_access_key), scope.date);
    for (const std::string_view part :
         {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")}) {
        key = hmac(bytes(key), part);
    }
    return key;
}

Mac SigningKeys::get(std::string_view secret_access_key, const Scope& scope) {
    std::string name(secret_access_key);
    name.append(1, '\n').append(scope.text());
    const auto found = keys_.find(name);
    if (found != keys_.end()) return found->second;
    if (keys_.size() >= size_max_) keys_.clear();
    return keys_.emplace(std::move(name), signing_key(secret_access_key, scope)).first->second;
}

}  // namespace cloudshelf::sigv4
