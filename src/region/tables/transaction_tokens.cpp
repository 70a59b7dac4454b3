#include "region/tables/transaction_tokens.hpp"

#include "region/log/bytes.hpp"
#include "wire/dynamodb/errors.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cloudshelf::tables {
namespace {

using changelog::ByteReader;
using changelog::ByteWriter;

constexpr std::int64_t kept_ms = 10 * 60 * 1000;
constexpr std::size_t forgotten_at_once = 16;  // more than come, so that none stay
constexpr std::string_view by_token = "t";
constexpr std::string_view by_expiry = "e";

std::string token_key(std::string_view token) {
    return std::string(by_token).append(token);
}

std::string expiry_key(std::int64_t expires_ms, std::string_view token) {
    return ByteWriter().raw(by_expiry).number(static_cast<std::uint64_t>(expires_ms)).raw(token).take();
}

Result<void> forget_old(changelog::Batch& batch, const Storage& storage) {
    std::vector<std::string> old;
    const auto take = [&old](std::string_view key, std::string_view) {
        old.emplace_back(key);
        return old.size() < forgotten_at_once;
    };
    const changelog::KeyRange range{.from = std::string(by_expiry), .until = expiry_key(batch.wall_ms(), {})};
    if (auto read = batch.scan(storage.tokens, range, take); !read) return read;
    for (const auto& key : old) {
        batch.erase(storage.tokens, key);
        batch.erase(storage.tokens, token_key(std::string_view(key).substr(by_expiry.size() + sizeof(std::uint64_t))));
    }
    return {};
}

}  // namespace

Result<TokenSeen> find_token(
    const changelog::Batch& batch, const Storage& storage, std::string_view token, std::string_view digest
) {
    const auto found = batch.get(storage.tokens, token_key(token));
    if (!found) return fail(found.error());
    if (!*found) return TokenSeen::no;
    ByteReader from(**found);
    const auto expires_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    const auto seen_digest = from.raw(from.left());
    if (!from.good() || expires_ms <= batch.wall_ms()) return TokenSeen::no;
    if (seen_digest != digest) return fail(dynamodb::errors::idempotent_parameter_mismatch());
    return TokenSeen::yes;
}

Result<void> remember_token(
    changelog::Batch& batch, const Storage& storage, std::string_view token, std::string_view digest
) {
    if (auto forgotten = forget_old(batch, storage); !forgotten) return forgotten;
    const auto expires_ms = batch.wall_ms() + kept_ms;
    const auto record = ByteWriter().number(static_cast<std::uint64_t>(expires_ms)).raw(digest).take();
    batch.put(storage.tokens, token_key(token), record);
    batch.put(storage.tokens, expiry_key(expires_ms, token), {});
    return {};
}

}  // namespace cloudshelf::tables
