#include "region/contents/name.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::contents {
namespace {

const std::string digits(64, 'a');

TEST(ContentName, SaysWhereItsFileLies) {
    const ContentName name{.sha256 = "0f" + std::string(62, '1'), .key = "default"};
    EXPECT_EQ(folder_of(name), "0f");
    EXPECT_EQ(file_of(name), std::string(62, '1') + ".default");
    EXPECT_EQ(from_flat(flat(name)), name);
    EXPECT_EQ(from_flat(folder_of(name) + file_of(name)), name);
}

// Goal: nothing that could leave the folder, or is another spelling of a name, is one.
TEST(ContentName, RefusesWhatIsNone) {
    EXPECT_TRUE(is_valid({.sha256 = digits, .key = "a-Z_09"}));
    EXPECT_TRUE(is_key_name(std::string(64, 'k')));
    for (const char* bad : {"", ".", "..", "a/b", "a.b", "a b", "\xc3\xa4", "a\n"})
        EXPECT_FALSE(is_key_name(bad)) << bad;
    EXPECT_FALSE(is_key_name(std::string(65, 'k')));
    EXPECT_FALSE(is_key_name(std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_sha256(std::string(63, 'a')));
    EXPECT_FALSE(is_sha256(std::string(65, 'a')));
    EXPECT_FALSE(is_sha256(std::string(64, 'A')));
    EXPECT_FALSE(is_sha256("../" + std::string(61, 'a')));
    for (const std::string& bad : {digits, digits + ".", digits + "x.default", "a." + digits, digits + ".a.b"}) {
        EXPECT_FALSE(from_flat(bad)) << bad;
    }
}

}  // namespace
}  // namespace cloudshelf::contents
