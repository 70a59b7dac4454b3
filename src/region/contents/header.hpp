#pragma once

#include "region/contents/cipher.hpp"
#include "region/contents/name.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The format of a file (README.md has it as a table): a header, then pieces, each encrypted by itself.
namespace cloudshelf::contents {

inline constexpr std::size_t piece_bytes = 256 << 10;  // of plain bytes; each is followed by its tag
inline constexpr std::size_t header_bytes = 256;
inline constexpr std::size_t prologue_bytes = 96;    // what is known before the first byte, and stays when keys change
inline constexpr std::size_t wrapping_begins = 136;  // behind it lies what another version of the key changes

/// The first 256 bytes of a file.
struct Header {
    std::array<unsigned char, 16> file_id{};  // random: no two files have the same
    std::string key;
    std::uint64_t length = 0;  // plain bytes
    std::string sha256;
    std::uint32_t key_version = 0;
    std::array<unsigned char, 8> fingerprint{};                  // of the key that wraps
    Nonce nonce{};                                               // of the wrapping
    std::array<unsigned char, key_bytes + tag_bytes> wrapped{};  // the file's own key

    /// With its checksum.
    std::string encode() const;
    /// Nothing where it is no header, is of another format, or is altered by accident; `unwrap` finds out the rest.
    static std::optional<Header> decode(std::string_view bytes);

    /// The first 96 bytes of the encoded header. Bound to every piece.
    std::string prologue() const;

    /// Sets version, fingerprint, nonce and wrapped key. The other members are bound to it and have to be there.
    void wrap(const Secret& data_key, const Secret& with, std::uint32_t version);
    /// The file's own key; nothing where the header is not what was wrapped with that key.
    std::optional<Secret> unwrap(const Secret& with) const;
};

/// Tells keys apart without telling anything about them: 8 bytes of an HMAC under the key.
std::array<unsigned char, 8> fingerprint_of(const Secret& key);

/// How long the file of so many plain bytes is. Even an empty one has a piece, for its tag.
std::uint64_t file_bytes(std::uint64_t length);
std::uint64_t count_of_pieces(std::uint64_t length);
/// Where a piece lies in its file.
std::uint64_t offset_of_piece(std::uint64_t piece);

/// A piece's nonce is its number: the file's key seals nothing else.
Nonce nonce_of_piece(std::uint64_t piece);

enum class Last : bool { no, yes };
/// What is bound to a piece: the file and its key's name, and whether more follow. Its number is in the nonce.
std::string bound_to_piece(std::string_view prologue, Last last);

}  // namespace cloudshelf::contents
