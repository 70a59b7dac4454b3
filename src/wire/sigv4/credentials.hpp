#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::sigv4 {

/// What a key may do; each includes the one before it.
enum class Permission : std::uint8_t { read, write, admin };

struct Credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;  // empty: none; then a request must not carry one either
    Permission permission = Permission::admin;
    std::string profile;
    // Whose key it is, for services whose things have owners; empty: not named.
    std::string account;       // 12 digits
    std::string canonical_id;  // 64 hexadecimal digits
    std::string display_name;
};

/// Keys by their id.
using Keyring = std::map<std::string, Credentials, std::less<>>;

/// AWS's shared credentials file: `[profile]`, then `aws_access_key_id`, `aws_secret_access_key` and, optionally,
/// `aws_session_token`. Ours in addition: `cloudshelf_permissions = read | write | admin` (absent: admin),
/// `cloudshelf_account`, `cloudshelf_canonical_id` and `cloudshelf_display_name`. Lines that begin with # or ; are
/// comments; names we don't know are passed over. Errors: "sigv4.bad-credentials" with the line.
Result<Keyring> read_credentials(std::string_view text);

}  // namespace cloudshelf::sigv4
