#include "region/contents/header.hpp"

#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::contents {
namespace {

Secret secret_of(char c) {
    Secret secret;
    std::fill_n(secret.data(), key_bytes, static_cast<unsigned char>(c));
    return secret;
}

Header example() {
    Header header{.key = "default", .length = 5, .sha256 = std::string(62, '0') + "ff"};
    header.file_id.fill(7);
    header.wrap(secret_of('d'), secret_of('k'), 2);
    return header;
}

// Goal: it is AES-256-GCM and nothing of our own. Method: the GCM specification's test case 16 (McGrew and Viega).
TEST(Cipher, KnownAnswer) {
    const auto bytes = [](std::string_view hex) {
        std::string text;
        for (std::size_t i = 0; i < hex.size(); i += 2) {
            text += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
        }
        return text;
    };
    const std::string key = bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const std::string iv = bytes("cafebabefacedbaddecaf888");
    const std::string bound = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    const std::string plain = bytes(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de6"
        "57"
        "ba637b39"
    );
    const std::string sealed = bytes(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a"
        "0a"
        "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
    );
    Secret secret;
    std::copy_n(key.begin(), key_bytes, secret.data());
    Nonce nonce{};
    std::copy_n(iv.begin(), nonce_bytes, nonce.begin());
    std::string made(plain.size() + tag_bytes, '\0');
    Sealer(secret).seal(nonce, bound, plain, made.data());
    EXPECT_EQ(made, sealed);
    std::string opened(plain.size(), '\0');
    EXPECT_TRUE(Opener(secret).open(nonce, bound, sealed, opened.data()));
    EXPECT_EQ(opened, plain);
    EXPECT_FALSE(Opener(secret).open(nonce, bound + "x", sealed, opened.data()));
    EXPECT_FALSE(Opener(secret).open(nonce, bound, sealed.substr(0, 15), opened.data()));
}

TEST(Cipher, KnownDigest) {
    Sha256 digest;
    digest.add("a");
    digest.add("");
    digest.add("bc");
    EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Header, SaysTheSameAgain) {
    const Header header = example();
    const std::string encoded = header.encode();
    EXPECT_EQ(encoded.size(), header_bytes);
    EXPECT_TRUE(encoded.starts_with(header.prologue()));
    const auto decoded = Header::decode(encoded);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->encode(), encoded);
    EXPECT_EQ(decoded->key, "default");
    EXPECT_EQ(decoded->length, 5u);
    EXPECT_EQ(decoded->sha256, header.sha256);
    EXPECT_EQ(decoded->key_version, 2u);
    const auto opened = decoded->unwrap(secret_of('k'));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->view(), std::string(key_bytes, 'd'));
    EXPECT_FALSE(decoded->unwrap(secret_of('w')));
}

// Goal: whoever changes a header and its checksum with it has changed what the wrapped key is bound to.
TEST(Header, EverythingInItIsBoundToItsKey) {
    const Secret key = secret_of('k');
    const auto opens = [&key](auto change) {
        Header header = example();
        change(header);
        return Header::decode(header.encode())->unwrap(key).has_value();
    };
    EXPECT_TRUE(opens([](Header&) {}));
    EXPECT_FALSE(opens([](Header& header) { header.file_id[0] ^= 1; }));
    EXPECT_FALSE(opens([](Header& header) { header.key = "other"; }));
    EXPECT_FALSE(opens([](Header& header) { ++header.length; }));
    EXPECT_FALSE(opens([](Header& header) { header.sha256[0] = '1'; }));
    EXPECT_FALSE(opens([](Header& header) { ++header.key_version; }));
    EXPECT_FALSE(opens([](Header& header) { header.fingerprint[0] ^= 1; }));
    EXPECT_FALSE(opens([](Header& header) { header.nonce[0] ^= 1; }));
    EXPECT_FALSE(opens([](Header& header) { header.wrapped[0] ^= 1; }));
    EXPECT_FALSE(opens([](Header& header) { header.wrapped[47] ^= 1; }));
}

TEST(Header, ANewVersionChangesOnlyTheWrapping) {
    Header header = example();
    const std::string before = header.encode();
    header.wrap(secret_of('d'), secret_of('n'), 3);
    const std::string after = header.encode();
    EXPECT_EQ(after.substr(0, wrapping_begins), before.substr(0, wrapping_begins));
    EXPECT_NE(after.substr(wrapping_begins), before.substr(wrapping_begins));
    EXPECT_EQ(Header::decode(after)->unwrap(secret_of('n'))->view(), std::string(key_bytes, 'd'));
    EXPECT_EQ(after.find(std::string(8, 'd')), std::string::npos) << "the file's key is not there in plain";
    EXPECT_EQ(after.find(std::string(8, 'n')), std::string::npos);
}

TEST(Layout, CountsPieces) {
    EXPECT_EQ(count_of_pieces(0), 1u);
    EXPECT_EQ(count_of_pieces(1), 1u);
    EXPECT_EQ(count_of_pieces(piece_bytes), 1u);
    EXPECT_EQ(count_of_pieces(piece_bytes + 1), 2u);
    EXPECT_EQ(file_bytes(0), header_bytes + tag_bytes);
    EXPECT_EQ(file_bytes(2 * piece_bytes), offset_of_piece(2));
    EXPECT_NE(nonce_of_piece(1), nonce_of_piece(256));
    EXPECT_EQ(nonce_of_piece(0x0102)[11], 2);
    EXPECT_EQ(nonce_of_piece(0x0102)[10], 1);
}

}  // namespace
}  // namespace cloudshelf::contents
