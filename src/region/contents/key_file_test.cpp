#include "region/contents/key_file.hpp"

#include "base/base64.hpp"
#include "region/contents/site_test.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

namespace cloudshelf::contents {
namespace {

using testing::code_of;
using testing::slurp;
using testing::spill;

class KeyFileTest : public ::testing::Test {
protected:
    Result<KeyFile> parse(const std::string& text, ::mode_t mode = 0600) {
        spill(path, text);
        ::chmod(path.c_str(), mode);
        return KeyFile::read(path);
    }

    cloudshelf::testing::TemporaryFolder folder;
    std::filesystem::path path = folder / "keys";
    std::string key = base64(std::string(32, 'k'));
};

TEST_F(KeyFileTest, IsCreatedForItsOwnerOnlyAndNeverWrittenOver) {
    const auto made = KeyFile::create(path, {"default", "kms-1"});
    ASSERT_TRUE(made);
    struct ::stat found{};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    const std::string before = slurp(path);
    EXPECT_EQ(code_of(KeyFile::create(path, {"default"})), "contents.keys");
    EXPECT_EQ(slurp(path), before);
    const auto read = KeyFile::read(path);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->names(), (std::vector<std::string>{"default", "kms-1"}));
    EXPECT_EQ(read->find("default", 1)->view(), made->find("default", 1)->view());
    EXPECT_NE(read->find("default", 1)->view(), read->find("kms-1", 1)->view());
    EXPECT_EQ(testing::names_in(folder.path()), std::vector<std::string>{"keys"}) << "nothing is left beside it";
}

TEST_F(KeyFileTest, RotatingAddsAVersionAndKeepsTheText) {
    const auto first = parse("# ours\n\n  default 3 " + key + "  \n#end");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->newest("default").number, 3u);
    const auto rotated = KeyFile::rotate(path, "default");
    ASSERT_TRUE(rotated);
    EXPECT_EQ(rotated->newest("default").number, 4u);
    EXPECT_NE(rotated->newest("default").key->view(), std::string(32, 'k'));
    EXPECT_EQ(rotated->find("default", 3)->view(), std::string(32, 'k')) << "older files are still opened with it";
    EXPECT_EQ(KeyFile::rotate(path, "new").value().newest("new").number, 1u);
    const auto read = KeyFile::read(path);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->newest("default").key->view(), rotated->newest("default").key->view());
    EXPECT_EQ(read->newest("absent").key, nullptr);
    EXPECT_EQ(read->find("default", 1), nullptr);
    EXPECT_TRUE(slurp(path).starts_with("# ours\n\n  default 3 " + key + "  \n#end\n")) << slurp(path);
}

// Goal: a bad line is named by its number, and nothing of it gets into the message.
TEST_F(KeyFileTest, NamesTheLineThatIsWrong) {
    const std::string good = "# a comment\ndefault 1 " + key + "\n";
    for (const std::string& bad : std::vector<std::string>{
             "default 2",
             "default two " + key,
             "default 0 " + key,
             "default -1 " + key,
             "default 4294967296 " + key,
             "default 2 " + key.substr(4),
             "default 2 " + key.substr(0, 43) + "*",
             "default 2 " + key + " more",
             "de.fault 2 " + key,
             "default 1 " + key,
             key + " 1 default",
             "default " + key + " 1",
         }) {
        const auto read = parse(good + bad + "\n");
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code, "contents.keys");
        EXPECT_TRUE(read.error().message.starts_with(path.native() + ":3: ")) << read.error().message;
        EXPECT_EQ(read.error().message.find(key.substr(4, 8)), std::string::npos) << read.error().message;
    }
}

TEST_F(KeyFileTest, IsRefusedWhenOthersMayReadIt) {
    EXPECT_EQ(code_of(parse("default 1 " + key + "\n", 0640)), "contents.keys");
    EXPECT_EQ(code_of(parse("default 1 " + key + "\n", 0604)), "contents.keys");
    EXPECT_EQ(code_of(parse("default 1 " + key + "\n", 0400)), "");
    EXPECT_EQ(code_of(KeyFile::read(folder / "absent")), "contents.io");
}

}  // namespace
}  // namespace cloudshelf::contents
