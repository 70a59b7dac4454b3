#include "wire/sigv4/credentials.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace cloudshelf::sigv4 {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto from = text.find_first_not_of(blanks);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

std::optional<Permission> permission_named(std::string_view name) {
    if (name == "read") return Permission::read;
    if (name == "write") return Permission::write;
    if (name == "admin") return Permission::admin;
    return std::nullopt;
}

bool consists_of(std::string_view text, std::string_view digits, std::size_t size) {
    return text.size() == size && text.find_first_not_of(digits) == std::string_view::npos;
}

std::unexpected<Error> bad(std::size_t line, std::string_view what) {
    return fail("sigv4.bad-credentials", fmt::format("credentials file, line {}: {}", line, what));
}

/// A profile that is complete goes to the keyring.
Result<void> keep(Credentials profile, std::size_t line, Keyring& keyring) {
    if (profile.profile.empty()) return {};
    if (profile.access_key_id.empty() || profile.secret_access_key.empty()) {
        return bad(line, fmt::format("[{}] needs aws_access_key_id and aws_secret_access_key", profile.profile));
    }
    std::string id = profile.access_key_id;
    if (!keyring.emplace(id, std::move(profile)).second) return bad(line, fmt::format("key {} is there twice", id));
    return {};
}

}  // namespace

Result<Keyring> read_credentials(std::string_view text) {
    Keyring keyring;
    Credentials profile;
    std::size_t begun = 0;  // the line of the profile's name
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line[0] == '#' || line[0] == ';') continue;
        if (line[0] == '[') {
            if (line.back() != ']' || trimmed(line.substr(1, line.size() - 2)).empty())
                return bad(number, "expected [profile]");
            if (auto kept = keep(std::exchange(profile, {}), begun, keyring); !kept)
                return fail(std::move(kept.error()));
            profile.profile = trimmed(line.substr(1, line.size() - 2));
            begun = number;
            continue;
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) return bad(number, "expected name = value");
        if (profile.profile.empty()) return bad(number, "expected [profile] before anything else");
        const std::string_view name = trimmed(line.substr(0, equals));
        const std::string_view value = trimmed(line.substr(equals + 1));
        if (name == "aws_access_key_id") profile.access_key_id = value;
        if (name == "aws_secret_access_key") profile.secret_access_key = value;
        if (name == "aws_session_token") profile.session_token = value;
        if (name == "cloudshelf_permissions") {
            const auto permission = permission_named(value);
            if (!permission)
                return bad(number, fmt::format("cloudshelf_permissions is read, write or admin, not {}", value));
            profile.permission = *permission;
        }
        if (name == "cloudshelf_account") {
            if (!consists_of(value, "0123456789", 12))
                return bad(number, fmt::format("cloudshelf_account is 12 digits, not {}", value));
            profile.account = value;
        }
        if (name == "cloudshelf_canonical_id") profile.canonical_id = value;
        if (name == "cloudshelf_display_name") profile.display_name = value;
    }
    if (auto kept = keep(std::move(profile), begun, keyring); !kept) return fail(std::move(kept.error()));
    return keyring;
}

}  // namespace cloudshelf::sigv4
