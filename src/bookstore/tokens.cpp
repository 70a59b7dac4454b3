#include "bookstore/tokens.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cloudshelf::bookstore {

std::string sign_session(
    const Secrets& secrets, std::string_view user_id, std::string_view session, std::int64_t expires_at
) {
    const auto payload = fmt::format("v2.{}.{}.{}", user_id, session, expires_at);
    return payload + "." + hmac_sha256_hex(secrets.session_keys.at(0), payload);
}

Result<std::string> verify_session(const Secrets& secrets, std::string_view token, std::int64_t now) {
    const auto bad = [] { return fail("bad-token", "the session token is not one of ours: sign in again"); };
    const auto last = token.rfind('.');
    if (last == std::string_view::npos || token.size() > 256) return bad();
    const auto payload = token.substr(0, last);
    const auto signature = token.substr(last + 1);
    const bool signed_by_us = std::ranges::any_of(secrets.session_keys, [&](const auto& key) {
        return equal_in_constant_time(hmac_sha256_hex(key, payload), signature);
    });
    if (!signed_by_us || !payload.starts_with("v2.")) return bad();
    const auto middle = payload.rfind('.');
    const auto user_id = payload.substr(3, 36);
    const auto expiry = payload.substr(middle + 1);
    std::int64_t expires_at = 0;
    const auto parsed = std::from_chars(expiry.data(), expiry.data() + expiry.size(), expires_at);
    if (!is_uuid(user_id) || parsed.ec != std::errc() || parsed.ptr != expiry.data() + expiry.size()) return bad();
    if (now >= expires_at) return fail("expired-token", "the session has expired: sign in again");
    return std::string(user_id);
}

std::string session_id(std::string_view token) {
    return sha256_hex(token);
}

std::int64_t expiry_of(std::string_view token) {
    const auto payload = token.substr(0, token.rfind('.'));
    const auto digits = payload.substr(payload.rfind('.') + 1);
    std::int64_t expires_at = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), expires_at);
    return expires_at;
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

Result<Secrets> parse_session_keys(std::string_view content) {
    Secrets secrets;
    while (!content.empty()) {
        const auto end = std::min(content.find('\n'), content.size());
        auto line = content.substr(0, end);
        content.remove_prefix(std::min(end + 1, content.size()));
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
        if (line.empty()) continue;
        if (line.size() < 16) {
            return fail("bookstore.session-key", "a session key has fewer than 16 characters: write a longer one");
        }
        secrets.session_keys.emplace_back(line);
    }
    if (secrets.session_keys.empty()) {
        return fail("bookstore.session-key", "the session key file holds no key: write one of 16 or more characters");
    }
    return secrets;
}

}  // namespace cloudshelf::bookstore
