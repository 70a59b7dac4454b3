// Goal: bytes that are not those that were written are never handed out, whatever happened to a file.
#include "base/crc32c.hpp"
#include "region/contents/header.hpp"
#include "region/contents/site_test.hpp"
#include "region/contents/store.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::contents {
namespace {

using testing::code_of;
using testing::random_text;
using testing::Site;
using testing::slurp;
using testing::spill;

TEST(Damage, EachByteOfASmallFile) {
    const Site site;
    for (const std::string& bytes : {std::string("a book of some words"), std::string()}) {
        const ContentName name = site.put(bytes);
        const std::string whole = slurp(site.path(name));
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const char flipped : {'\x01', '\x80', '\xff'}) {
                std::string altered = whole;
                altered[at] = static_cast<char>(altered[at] ^ flipped);
                spill(site.path(name), altered);
                ASSERT_EQ(site.store->check(name), Health::corrupt) << at;
                if (!bytes.empty()) ASSERT_EQ(site.get(name), "contents.corrupt") << at;
            }
        }
        spill(site.path(name), whole);
        EXPECT_EQ(site.store->check(name), Health::whole);
    }
}

TEST(Damage, EachLengthOfASmallFile) {
    const Site site;
    const ContentName name = site.put("a book of some words");
    const std::string whole = slurp(site.path(name));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        spill(site.path(name), whole.substr(0, size));
        ASSERT_EQ(site.get(name), "contents.corrupt") << size;
    }
    spill(site.path(name), whole + '\0');
    EXPECT_EQ(site.get(name), "contents.corrupt");
}

/// A large file, its pieces, and a header that fits whatever is made of them as far as somebody without the key can
/// make it fit: the checksum is right.
class DamageOfPieces : public ::testing::Test {
protected:
    std::string piece(std::size_t number) const {
        return whole.substr(offset_of_piece(number), number == 3 ? 100 + tag_bytes : piece_bytes + tag_bytes);
    }
    Site site;
    Random random{testing::seed_of_this_run()};
    std::string bytes = random_text(random, 3 * piece_bytes + 100);
    ContentName name = site.put(bytes);
    std::string whole = slurp(site.path(name));
    std::string header = whole.substr(0, header_bytes);
};

TEST_F(DamageOfPieces, AnAlteredOneIsNotHandedOutAndTheOthersAre) {
    std::string altered = whole;
    altered[offset_of_piece(1) + random.below(piece_bytes + tag_bytes)] ^= 0x20;
    spill(site.path(name), altered);
    auto reader = site.store->open(name);
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->read(0, piece_bytes), bytes.substr(0, piece_bytes));
    EXPECT_EQ(code_of(reader->read(piece_bytes, 1)), "contents.corrupt");
    EXPECT_EQ(code_of(reader->read(piece_bytes, 1)), "contents.corrupt") << "what was not right is not kept";
    EXPECT_EQ(code_of(reader->read(0, bytes.size())), "contents.corrupt");
    EXPECT_EQ(reader->read(2 * piece_bytes, SIZE_MAX), bytes.substr(2 * piece_bytes));
    EXPECT_EQ(site.store->check(name), Health::corrupt);
}

TEST_F(DamageOfPieces, ReorderedOnes) {
    spill(site.path(name), header + piece(1) + piece(0) + piece(2) + piece(3));
    EXPECT_EQ(site.get(name), "contents.corrupt");
    spill(site.path(name), header + piece(0) + piece(1) + piece(1) + piece(3));
    EXPECT_EQ(site.get(name), "contents.corrupt");
}

TEST_F(DamageOfPieces, OnesOfAnotherFileUnderTheSameKey) {
    const std::string like = bytes.substr(0, piece_bytes) + random_text(random, bytes.size() - piece_bytes);
    const std::string other = slurp(site.path(site.put(like)));
    std::string swapped = whole;
    swapped.replace(offset_of_piece(0), piece_bytes + tag_bytes, other, offset_of_piece(0), piece_bytes + tag_bytes);
    spill(site.path(name), swapped);
    EXPECT_EQ(site.get(name), "contents.corrupt") << "even where the plain bytes are the same";
}

// Goal: the end is bound to the last piece as well as to the header. Method: cut at a piece's end, with a header that
// says so, as far as the checksum goes.
TEST_F(DamageOfPieces, CutAtAPiecesEnd) {
    auto shorter = *Header::decode(header);
    shorter.length = 2 * piece_bytes;
    spill(site.path(name), shorter.encode() + piece(0) + piece(1));
    EXPECT_EQ(site.get(name), "contents.corrupt");
    Secret key = Secret::random();
    Opener opener(key);
    std::string sealed(piece_bytes + tag_bytes, '\0');
    std::string opened(piece_bytes, '\0');
    const std::string prologue = shorter.prologue();
    const std::string_view plain = std::string_view(bytes).substr(0, piece_bytes);
    Sealer(key).seal(nonce_of_piece(1), bound_to_piece(prologue, Last::no), plain, sealed.data());
    EXPECT_TRUE(opener.open(nonce_of_piece(1), bound_to_piece(prologue, Last::no), sealed, opened.data()));
    EXPECT_FALSE(opener.open(nonce_of_piece(1), bound_to_piece(prologue, Last::yes), sealed, opened.data()));
}

TEST(Damage, SwappedFiles) {
    const Site site;
    const ContentName one = site.put("book one");
    const ContentName two = site.put("book two");
    const std::string first = slurp(site.path(one));
    spill(site.path(one), slurp(site.path(two)));
    spill(site.path(two), first);
    EXPECT_EQ(site.get(one), "contents.corrupt");
    EXPECT_EQ(site.get(two), "contents.corrupt");
    // With a header of the right name, and a checksum that fits.
    auto header = *Header::decode(std::string_view(slurp(site.path(one))).substr(0, header_bytes));
    header.sha256 = one.sha256;
    spill(site.path(one), header.encode() + slurp(site.path(one)).substr(header_bytes));
    EXPECT_EQ(site.get(one), "contents.corrupt");
}

// Goal: the wrong key file does not make everything look corrupt, or a scrubber would set everything aside.
TEST(Damage, AnotherKeyFileIsNoDamage) {
    Site site;
    const ContentName name = site.put("book");
    const ContentName large = site.put(std::string(piece_bytes + 1, 'l'));
    const auto wrong = std::make_shared<const KeyFile>(KeyFile::create(site.folder / "wrong", {"default"}).value());
    const auto without = std::make_shared<const KeyFile>(KeyFile::create(site.folder / "without", {"x"}).value());
    for (const auto& keys : {wrong, without}) {
        site.store->use_keys(keys);
        EXPECT_EQ(site.get(name), "contents.no-key");
        EXPECT_EQ(code_of(site.store->check(large)), "contents.no-key");
        EXPECT_EQ(code_of(site.store->set_aside(name)), "contents.no-key");
    }
    EXPECT_EQ(site.store->metrics().corrupt, 0u);
    site.store->use_keys(site.keys);
    EXPECT_EQ(site.get(name), "book");
}

TEST(Damage, ACorruptOneIsSetAsideAndRepaired) {
    Site site;
    for (const bool aside : {true, false}) {
        const std::string bytes(piece_bytes + 9, aside ? 'a' : 'b');
        const ContentName name = site.put(bytes);
        EXPECT_EQ(site.store->set_aside(name), Health::whole);
        std::string altered = slurp(site.path(name));
        altered.back() ^= 1;
        spill(site.path(name), altered);
        // A writer of the same looks at header and length only, and believes it; a repair does not.
        EXPECT_TRUE(site.write(bytes));
        EXPECT_EQ(site.store->check(name), Health::corrupt);
        if (aside) {
            EXPECT_EQ(site.store->set_aside(name), Health::corrupt);
            EXPECT_EQ(site.get(name), "contents.missing");
            EXPECT_EQ(slurp(site.options.folder / "quarantine" / flat(name)), altered);
            EXPECT_EQ(site.store->metrics().quarantined, 1u);
        }
        EXPECT_TRUE(site.write(bytes, "default", {.expected_sha256 = name.sha256, .replace = Replace::yes}));
        EXPECT_EQ(site.store->check(name), Health::whole);
        EXPECT_EQ(site.get(name), bytes);
    }
    EXPECT_EQ(site.store->metrics().files, 2u);
    EXPECT_EQ(site.store->metrics().bytes, 2 * file_bytes(piece_bytes + 9));
}

TEST(Damage, WhoWritesTheSameReplacesWhatIsVisiblyNotWhole) {
    const Site site;
    const ContentName name = site.put("book");
    const std::string whole = slurp(site.path(name));
    for (const std::string& left :
         {std::string(), whole.substr(0, 100), whole + "x", std::string(whole.size(), '\0')}) {
        spill(site.path(name), left);
        EXPECT_TRUE(site.write("book"));
        EXPECT_EQ(site.get(name), "book");
    }
    EXPECT_EQ(site.store->metrics().files, 1u);
}

}  // namespace
}  // namespace cloudshelf::contents
