#include "region/tables/backup_store.hpp"

#include "io/file.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <map>

namespace cloudshelf::tables {
namespace {

using Records = std::map<std::string, std::string>;

class BackupStoreTest : public ::testing::Test {
protected:
    BackupStoreTest() { EXPECT_EQ(store.open().value(), 0); }

    static Records some(int count) {
        Records records;
        for (int i = 0; i < count; ++i)
            records["key" + std::to_string(i)] = std::string(100, static_cast<char>('a' + i % 26));
        return records;
    }
    static BackupStore::Content content_of(const Records& records) {
        return [records](const BackupStore::Visit& visit) -> Result<void> {
            for (const auto& [key, value] : records) {
                if (!visit(key, value)) break;
            }
            return {};
        };
    }
    Backup make(const Records& records, std::int64_t created_ms = 1'795'000'000'000) {
        auto made = store.create({.name = "daily", .table = "{}", .created_ms = created_ms}, content_of(records));
        EXPECT_TRUE(made) << made.error().message;
        return made.value();
    }
    Result<Records> read(const Backup& backup) {
        Records records;
        const auto collect = [&](std::string_view key, std::string_view value) {
            return records.emplace(key, value), true;
        };
        auto all = store.read(backup, collect);
        if (!all) return fail(all.error());
        return records;
    }
    void flip_byte(const std::filesystem::path& file) {
        auto content = io::read_file(file).value();
        content[content.size() / 2] ^= 1;
        ASSERT_TRUE(io::replace_file(file, content));
    }

    testing::TemporaryFolder folder;
    BackupStore store{{.folder = folder / "backups", .chunk_bytes = 1000}};
};

TEST_F(BackupStoreTest, GivesBackWhatItWasGiven) {
    const auto records = some(100);
    const auto backup = make(records);
    EXPECT_GT(backup.chunks.size(), 5u);
    EXPECT_EQ(backup.items, 100);
    const auto found = store.find(backup.id).value();
    EXPECT_EQ(found.name, "daily");
    EXPECT_EQ(read(found).value(), records);
}

TEST_F(BackupStoreTest, EmptyTableIsABackupToo) {
    const auto backup = make({});
    EXPECT_TRUE(read(store.find(backup.id).value()).value().empty());
}

TEST_F(BackupStoreTest, DamagedChunkIsRefusedByName) {
    const auto backup = make(some(100));
    flip_byte(folder / "backups" / backup.id / "chunk-000003");
    const auto verified = store.verify(backup.id, 5);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, "backup.damaged");
    EXPECT_NE(verified.error().message.find("chunk-000003"), std::string::npos);
    EXPECT_EQ(store.find(backup.id)->verified_ms, 0);
}

TEST_F(BackupStoreTest, MissingChunkAndDamagedDescriptionAreRefused) {
    const auto backup = make(some(100));
    const auto other = make(some(3));
    std::filesystem::remove(folder / "backups" / backup.id / "chunk-000002");
    EXPECT_EQ(read(backup).error().code, "backup.damaged");
    flip_byte(folder / "backups" / other.id / "backup.json");
    EXPECT_EQ(store.find(other.id).error().code, "backup.damaged");
    EXPECT_EQ(store.list()->backups.size(), 1u);
    EXPECT_EQ(store.list()->damaged.size(), 1u);
}

TEST_F(BackupStoreTest, VerifyingMarksItAndTagsStay) {
    const auto backup = make(some(10));
    ASSERT_TRUE(store.set_tags(backup.id, {{"RetentionDays", "90"}}));
    ASSERT_TRUE(store.verify(backup.id, 1'795'000'000'999));
    const auto found = store.find(backup.id).value();
    EXPECT_EQ(found.verified_ms, 1'795'000'000'999);
    EXPECT_EQ(found.tags.at(0).second, "90");
}

TEST_F(BackupStoreTest, WhatWasLeftHalfMadeIsNoBackupAndIsCollected) {
    const auto whole = make(some(10));
    const auto half = make(some(10));
    std::filesystem::remove(folder / "backups" / half.id / "backup.json");  // what a kill before the last step leaves
    EXPECT_EQ(store.find(half.id).error().code, "backup.not-found");
    EXPECT_EQ(store.list()->backups.size(), 1u);
    BackupStore again({.folder = folder / "backups"});
    EXPECT_EQ(again.open().value(), 1);
    EXPECT_FALSE(std::filesystem::exists(folder / "backups" / half.id));
    EXPECT_TRUE(again.find(whole.id));
}

TEST_F(BackupStoreTest, ContentThatFailsLeavesNothing) {
    const BackupStore::Content breaks = [](const BackupStore::Visit& visit) -> Result<void> {
        for (int i = 0; i < 100; ++i) visit(std::to_string(i), std::string(100, 'x'));
        return fail("log.io", "the disk is gone");
    };
    EXPECT_EQ(store.create({.name = "n"}, breaks).error().code, "log.io");
    EXPECT_TRUE(std::filesystem::is_empty(folder / "backups"));
}

TEST_F(BackupStoreTest, ListsInTheOrderOfTheirMakingAndForgetsTheRemoved) {
    const auto second = make({}, 1'795'000'000'002);
    const auto first = make({}, 1'795'000'000'001);
    EXPECT_EQ(store.list()->backups.at(0).id, first.id);
    ASSERT_TRUE(store.remove(first.id));
    EXPECT_EQ(store.remove(first.id).error().code, "backup.not-found");
    EXPECT_EQ(store.list()->backups.size(), 1u);
}

TEST_F(BackupStoreTest, IdThatIsAPathIsNoId) {
    for (const std::string id : {"", "..", "../../etc", "1795000000001-0000/../"}) {
        EXPECT_EQ(store.find(id).error().code, "backup.not-found") << id;
        EXPECT_EQ(store.remove(id).error().code, "backup.not-found") << id;
    }
}

}  // namespace
}  // namespace cloudshelf::tables
