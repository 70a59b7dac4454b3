#include "region/contents/header.hpp"

#include "base/assert.hpp"
#include "base/crc32c.hpp"
#include "base/hex.hpp"

#include <openssl/hmac.h>

#include <algorithm>
#include <concepts>

namespace cloudshelf::contents {
namespace {

constexpr std::string_view magic = "cshelf-c";
constexpr std::uint32_t format = 1;
constexpr std::size_t checksum_bytes = 4;
constexpr std::string_view fingerprint_label = "cloudshelf contents: fingerprint of a key";

template <std::unsigned_integral Number>
void add(std::string& to, Number value) {
    for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8) {
        to += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    }
}

template <std::size_t size>
void add(std::string& to, const std::array<unsigned char, size>& bytes) {
    to.append(reinterpret_cast<const char*>(bytes.data()), size);
}

template <std::unsigned_integral Number>
Number take(std::string_view& from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) value = value << 8 | static_cast<unsigned char>(from[i]);
    from.remove_prefix(sizeof(Number));
    return static_cast<Number>(value);
}

template <std::size_t size>
void take(std::string_view& from, std::array<unsigned char, size>& to) {
    std::copy_n(from.begin(), size, reinterpret_cast<char*>(to.data()));
    from.remove_prefix(size);
}

std::string bytes_of_hex(std::string_view hex) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(value(hex[i]) << 4 | value(hex[i + 1]));
    }
    return bytes;
}

/// Everything before the wrapped key: all of it is bound to it.
std::string bound_to_key(const Header& header) {
    std::string bytes = header.prologue();
    add(bytes, header.length);
    bytes += bytes_of_hex(header.sha256);
    CLOUDSHELF_ASSERT(bytes.size() == wrapping_begins);
    add(bytes, header.key_version);
    add(bytes, header.fingerprint);
    add(bytes, header.nonce);
    return bytes;
}

}  // namespace

std::string Header::prologue() const {
    CLOUDSHELF_ASSERT(is_key_name(key));
    std::string bytes(magic);
    add(bytes, format);
    add(bytes, static_cast<std::uint32_t>(piece_bytes));
    add(bytes, file_id);
    bytes += key;
    bytes.resize(prologue_bytes, '\0');
    return bytes;
}

std::string Header::encode() const {
    std::string bytes = bound_to_key(*this);
    add(bytes, wrapped);
    bytes.resize(header_bytes - checksum_bytes, '\0');
    add(bytes, crc32c(bytes));
    return bytes;
}

std::optional<Header> Header::decode(std::string_view bytes) {
    if (bytes.size() != header_bytes) return std::nullopt;
    std::string_view checksum = bytes.substr(header_bytes - checksum_bytes);
    if (take<std::uint32_t>(checksum) != crc32c(bytes.substr(0, header_bytes - checksum_bytes))) return std::nullopt;
    std::string_view left = bytes;
    left.remove_prefix(magic.size() + 2 * sizeof(std::uint32_t));  // compared below, with all the rest
    Header header;
    take(left, header.file_id);
    const std::string_view padded = left.substr(0, key_name_max);
    header.key = padded.substr(0, padded.find('\0'));
    left.remove_prefix(key_name_max);
    if (!is_key_name(header.key)) return std::nullopt;
    header.length = take<std::uint64_t>(left);
    header.sha256 = hex(left.substr(0, 32));
    left.remove_prefix(32);
    header.key_version = take<std::uint32_t>(left);
    take(left, header.fingerprint);
    take(left, header.nonce);
    take(left, header.wrapped);
    // What a later format may put where we write zeros is nothing that we understand.
    if (header.encode() != bytes) return std::nullopt;
    return header;
}

void Header::wrap(const Secret& data_key, const Secret& with, std::uint32_t version) {
    key_version = version;
    fingerprint = fingerprint_of(with);
    random_bytes(nonce.data(), nonce.size());
    Sealer(with).seal(nonce, bound_to_key(*this), data_key.view(), reinterpret_cast<char*>(wrapped.data()));
}

std::optional<Secret> Header::unwrap(const Secret& with) const {
    Secret data_key;
    const std::string_view sealed(reinterpret_cast<const char*>(wrapped.data()), wrapped.size());
    char* const to = reinterpret_cast<char*>(data_key.data());
    if (!Opener(with).open(nonce, bound_to_key(*this), sealed, to)) return std::nullopt;
    return data_key;
}

std::array<unsigned char, 8> fingerprint_of(const Secret& key) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const auto* const label = reinterpret_cast<const unsigned char*>(fingerprint_label.data());
    const auto* made = HMAC(EVP_sha256(), key.data(), key_bytes, label, fingerprint_label.size(), digest.data(), &size);
    CLOUDSHELF_ASSERT(made != nullptr && size == 32);
    std::array<unsigned char, 8> first{};
    std::copy_n(digest.begin(), first.size(), first.begin());
    return first;
}

std::uint64_t count_of_pieces(std::uint64_t length) {
    return length == 0 ? 1 : (length - 1) / piece_bytes + 1;
}

std::uint64_t file_bytes(std::uint64_t length) {
    return header_bytes + length + count_of_pieces(length) * tag_bytes;
}

std::uint64_t offset_of_piece(std::uint64_t piece) {
    return header_bytes + piece * (piece_bytes + tag_bytes);
}

Nonce nonce_of_piece(std::uint64_t piece) {
    Nonce nonce{};
    for (std::size_t i = nonce.size(); piece != 0; piece >>= 8) nonce[--i] = static_cast<unsigned char>(piece);
    return nonce;
}

std::string bound_to_piece(std::string_view prologue, Last last) {
    std::string bytes(prologue);
    bytes += last == Last::yes ? '\1' : '\0';
    return bytes;
}

}  // namespace cloudshelf::contents
