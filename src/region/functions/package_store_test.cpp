// Goal: a package is on the disk whole or not at all, once, and goes when nobody needs it. Method: the store in a
// temporary folder, looked at through the file system.
#include "region/functions/package_store.hpp"

#include "base/digest.hpp"
#include "io/file.hpp"
#include "region/functions/zip_test.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;
using testing::package;

class PackageStoreTest : public ::testing::Test {
protected:
    void SetUp() override { open(); }
    void open() {
        store.reset();
        auto opened = PackageStore::open({.folder = folder / "packages"});
        ASSERT_TRUE(opened);
        store = std::move(*opened);
    }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder / "packages"), fs::directory_iterator())
        );
    }
    static unsigned mode(const fs::path& path) {
        struct ::stat found{};
        ::stat(path.c_str(), &found);
        return found.st_mode & 07777;
    }

    cloudshelf::testing::TemporaryFolder folder;
    std::unique_ptr<PackageStore> store;
};

TEST_F(PackageStoreTest, KeepsTheZipAndItsFiles) {
    const auto zip = package({
        {.name = "lib/tool", .content = "tool", .mode = 0106777},
        {.name = "data", .content = "data", .mode = 0100000},
    });
    const auto added = store->add(zip);
    ASSERT_TRUE(added);
    EXPECT_EQ((*added)->digest, sha256_hex(zip));
    EXPECT_EQ((*added)->zip_bytes, zip.size());
    EXPECT_EQ(io::read_file((*added)->zip), zip);
    EXPECT_EQ(io::read_file((*added)->root / "lib/tool"), "tool");
    EXPECT_EQ(mode((*added)->root), 0755u);
    EXPECT_EQ(mode((*added)->root / "lib"), 0755u);
    EXPECT_EQ(mode((*added)->root / "lib/tool"), 0755u) << "no setuid";
    EXPECT_EQ(mode((*added)->root / "data"), 0644u);
    EXPECT_EQ(mode((*added)->root / "bootstrap"), 0755u);
}

TEST_F(PackageStoreTest, KeepsTheSamePackageOnce) {
    const auto first = store->add(package());
    const auto second = store->add(package());
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);
    EXPECT_EQ(entries(), 1u);
}

TEST_F(PackageStoreTest, LeavesNothingOfWhatItRefuses) {
    EXPECT_FALSE(store->add(package({{.name = "../out", .content = "x"}})));
    EXPECT_FALSE(store->add(package({{.name = "a", .content = "abc", .crc = 1}})));
    EXPECT_EQ(entries(), 0u);
    EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(PackageStoreTest, ClearsWhatACrashHasLeft) {
    const auto kept = store->add(package())->get()->digest;
    fs::create_directories(folder / "packages/.incoming-7/root");
    fs::create_directories(folder / "packages/.gone-3/root");
    open();
    EXPECT_EQ(entries(), 1u);
    ASSERT_TRUE(store->find(kept));
    EXPECT_FALSE(store->find(std::string(64, '0')));
    EXPECT_FALSE(store->find("../packages/" + kept));
}

TEST_F(PackageStoreTest, MendsADamagedOne) {
    const auto zip = package();
    const auto root = store->add(zip)->get()->root;
    fs::remove(root / "bootstrap");
    open();
    EXPECT_FALSE(store->find(sha256_hex(zip)));
    ASSERT_TRUE(store->add(zip));
    EXPECT_TRUE(fs::exists(root / "bootstrap"));
}

TEST_F(PackageStoreTest, CollectsWhatNobodyNeeds) {
    const auto named = store->add(package({{.name = "a", .content = "1"}}))->get()->digest;
    const auto held = store->add(package({{.name = "a", .content = "2"}}));
    const auto asked_for = store->add(package({{.name = "a", .content = "3"}}))->get()->digest;
    store->add(package({{.name = "a", .content = "4"}}));
    EXPECT_EQ(store->collect({named}), 0u) << "not before it was free twice";
    EXPECT_TRUE(store->find(asked_for));
    EXPECT_EQ(store->collect({named}), 1u);
    EXPECT_TRUE(store->find(named));
    EXPECT_TRUE(fs::exists((*held)->root / "bootstrap"));
    EXPECT_EQ(entries(), 3u);
}

}  // namespace
}  // namespace cloudshelf::functions
