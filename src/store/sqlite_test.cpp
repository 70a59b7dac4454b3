#include "store/sqlite.hpp"

#include "store/contract_test.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::store {
namespace {

using cloudshelf::testing::value_of;

class SqliteStoreTest : public ::testing::Test {
protected:
    std::unique_ptr<SqliteStore> open() { return std::move(SqliteStore::open(folder_ / "state.db").value()); }
    void change(const char* sql) {
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open((folder_ / "state.db").c_str(), &database), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
        sqlite3_close(database);
    }
    testing::TemporaryFolder folder_;
};

TEST_F(SqliteStoreTest, KeepsTheContract) {
    const auto store = open();
    cloudshelf::testing::run(contract::check(store.get()));
    const auto another = std::move(SqliteStore::open(folder_ / "another.db").value());
    cloudshelf::testing::run(contract::check_restore(store.get(), another.get()));
}

// Goal: whatever somebody does to the file, verify says where. Method: SQL from outside, one kind of change each.
TEST_F(SqliteStoreTest, FindsWhatWasTamperedWith) {
    const std::vector<std::pair<const char*, std::uint64_t>> changes = {
        {"UPDATE journal SET data = '{}' WHERE \"index\" = 3", 3},
        {"UPDATE journal SET at = '2020-01-01T00:00:00.000Z' WHERE \"index\" = 2", 2},
        {"DELETE FROM journal WHERE \"index\" = 3", 3},
        {"DELETE FROM journal WHERE \"index\" >= 4", 4},
        {"UPDATE journal SET \"index\" = 99 WHERE \"index\" = 2; UPDATE journal SET \"index\" = 2 WHERE \"index\" = 3;"
         "UPDATE journal SET \"index\" = 3 WHERE \"index\" = 99",
         2},
    };
    for (const auto& [sql, index] : changes) {
        SCOPED_TRACE(sql);
        std::filesystem::remove_all(folder_.path());
        std::filesystem::create_directories(folder_.path());
        {
            auto store = open();
            for (int i = 0; i < 5; ++i) ASSERT_TRUE(value_of(store->append(1, "e1", "step", std::to_string(i))));
        }
        change(sql);
        const auto fault = value_of(open()->verify());
        ASSERT_TRUE(fault && fault->has_value());
        EXPECT_EQ((*fault)->index, index) << (*fault)->what;
    }
}

TEST_F(SqliteStoreTest, RefusesAnotherVersion) {
    open();
    change("PRAGMA user_version=7");
    const auto opened = SqliteStore::open(folder_ / "state.db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, "store.other-version");
}

// Goal: a file of version 1, whose entries have no term, goes on, and its chain holds. Method: one as version 1 made
// it.
TEST_F(SqliteStoreTest, TakesAFileOfTheVersionBefore) {
    {
        auto store = open();
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(value_of(store->append(1, "e1", "step", "{}")));
    }
    change("ALTER TABLE journal DROP COLUMN term; PRAGMA user_version=1");
    auto store = open();
    ASSERT_TRUE(value_of(store->compare_and_swap("term", 0, "4"))->stored);
    store->append_only_while("term", 4);
    ASSERT_TRUE(value_of(store->append(1, "e1", "step", "{}")));
    EXPECT_FALSE(value_of(store->verify())->has_value());
    EXPECT_EQ(value_of(store->read(4, 1))->at(0).term, 4u);
    EXPECT_EQ(value_of(store->read(1, 1))->at(0).term, 0u);
}

// Goal: what was acknowledged survives SIGKILL at any moment. Method: a child appends and acknowledges on a pipe; it is
// killed in the middle of its work, several times over.
TEST_F(SqliteStoreTest, AcknowledgedEntriesSurviveAKill) {
    std::uint64_t acknowledged = 0;
    for (int round = 0; round < 5; ++round) {
        int pipe[2];
        ASSERT_EQ(::pipe(pipe), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            auto store = open();
            for (;;) {
                const auto index = value_of(store->append(1, "e", "step", "x"));
                if (!index || ::write(pipe[1], &*index, sizeof *index) < 0) ::_exit(1);
            }
        }
        ::close(pipe[1]);
        for (int i = 0; i < 20 + round * 7; ++i) ASSERT_EQ(::read(pipe[0], &acknowledged, sizeof acknowledged), 8);
        ::kill(child, SIGKILL);
        std::uint64_t more = 0;
        while (::read(pipe[0], &more, sizeof more) == 8) acknowledged = more;
        ::close(pipe[0]);
        ::waitpid(child, nullptr, 0);
        auto store = open();
        EXPECT_FALSE(value_of(store->verify())->has_value());
        EXPECT_EQ(value_of(store->read(acknowledged, 1))->size(), 1u);
    }
}

}  // namespace
}  // namespace cloudshelf::store
