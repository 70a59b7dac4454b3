#pragma once

#include "bookstore/ports.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::bookstore {

inline constexpr std::int64_t session_seconds = 12 * 3600;

/// "v2.<user id>.<session>.<expiry>.<HMAC-SHA-256>": whoever has the key can check it, in every region, without a
/// database. `session`: a UUID of its own, so that of two sessions that begin in the same second each can be ended
/// alone.
std::string sign_session(
    const Secrets& secrets, std::string_view user_id, std::string_view session, std::int64_t expires_at
);

/// The user id. Errors: "bad-token" (forged, damaged, or signed with a key that is no longer valid), "expired-token".
Result<std::string> verify_session(const Secrets& secrets, std::string_view token, std::int64_t now);

/// What a session is called where its token must not be written down: the token's SHA-256.
std::string session_id(std::string_view token);

/// When a token that verifies expires, in Unix seconds.
std::int64_t expiry_of(std::string_view token);

/// 8-4-4-4-12 hexadecimal digits in lower case.
bool is_uuid(std::string_view text);

/// The keys of a session key file: one a line, at least 16 characters each; the first one signs.
/// Errors: "bookstore.session-key".
Result<Secrets> parse_session_keys(std::string_view content);

}  // namespace cloudshelf::bookstore
