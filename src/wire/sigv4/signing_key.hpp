#pragma once

#include "wire/sigv4/request.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace cloudshelf::sigv4 {

using Mac = std::array<char, 32>;

/// HMAC-SHA-256 as bytes.
Mac hmac(std::string_view key, std::string_view bytes);

/// The key derived from a secret for one day, region and service: four HMACs.
Mac signing_key(std::string_view secret_access_key, const Scope& scope);

/// Remembers derived keys, by secret and scope. Not for several threads at once: give each its own. When full it
/// forgets everything, which a new day causes anyhow.
class SigningKeys {
public:
    explicit SigningKeys(std::size_t size_max = 1024) : size_max_(size_max) {}
    Mac get(std::string_view secret_access_key, const Scope& scope);
    std::size_t size() const { return keys_.size(); }

private:
    std::size_t size_max_;
    std::map<std::string, Mac, std::less<>> keys_;
};

}  // namespace cloudshelf::sigv4
