#include "controller/journal_copy.hpp"

#include "store/memory.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>

#include <gmock/gmock.h>

namespace cloudshelf::controller {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

/// A store, and a folder in which copies of its journal are kept.
struct Bench {
    explicit Bench(io::Executor executor)
        : agents(executor), services{executor, store, agents, agents, "", folder.path(), looks, attention} {}
    /// A controller that starts, opens its copy and looks until there is nothing more.
    io::Task<std::unique_ptr<JournalCopy>> start() {
        auto copy = std::make_unique<JournalCopy>(services, JournalCopy::Options{.page = 3});
        const auto opened = copy->open();
        EXPECT_TRUE(opened) << opened.error().message;
        co_await catch_up(copy.get());
        co_return copy;
    }
    io::Task<void> catch_up(JournalCopy* copy) {
        for (;;) {
            const auto more = co_await copy->look();
            if (!more || !*more) co_return;
        }
    }
    io::Task<void> append(int count, std::string data = "{}") {
        for (int i = 0; i < count; ++i) {
            const auto appended = co_await store.append(1, "x1", "step", data);
            EXPECT_TRUE(appended);
        }
    }
    /// What stands in a file, and that it is whole.
    std::vector<std::uint64_t> indexes(const fs::path& file) const {
        std::vector<std::uint64_t> found;
        const auto read =
            store::read_journal_file(file, [&](const store::JournalEntry& entry) { found.push_back(entry.index); });
        EXPECT_TRUE(read && !read->fault && !read->torn) << file;
        return found;
    }
    std::vector<fs::path> aside() const {
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(services.data)) {
            if (entry.path().filename().string().starts_with("journal.until-")) files.push_back(entry.path());
        }
        return files;
    }

    testing::TemporaryFolder folder;
    store::MemoryStore store;
    io::HttpClient agents;
    LookCounts looks;
    Attention attention;
    Services services;
};

// Goal: the copy has what the journal has, page by page, and goes on where it ended after a restart, also when the one
// before it was ended in the middle of a line.
ASYNC_TEST(JournalCopy, FollowsAndGoesOn) {
    Bench bench(co_await boost::asio::this_coro::executor);
    co_await bench.append(7);
    auto copy = co_await bench.start();
    EXPECT_THAT(bench.indexes(copy->file()), ElementsAre(1u, 2u, 3u, 4u, 5u, 6u, 7u));
    fs::resize_file(copy->file(), fs::file_size(copy->file()) - 10);
    co_await bench.append(2);
    copy = co_await bench.start();
    EXPECT_THAT(bench.indexes(copy->file()), ElementsAre(1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u));
    EXPECT_EQ(copy->last().index, 9u);
    EXPECT_TRUE(bench.aside().empty());
    const auto size = fs::file_size(copy->file());
    co_await bench.catch_up(copy.get());
    EXPECT_EQ(fs::file_size(copy->file()), size);
    bench.store.become(store::MemoryStore::Manner::fails);
    const auto away = co_await copy->look();
    EXPECT_EQ(away.error().code, "store.unreachable");
}

// Goal: the term that counts is remembered over a restart, also when the store has forgotten it.
ASYNC_TEST(JournalCopy, KnowsTheNewestTerm) {
    Bench bench(co_await boost::asio::this_coro::executor);
    const auto swapped = co_await bench.store.compare_and_swap("term", 0, "5");
    EXPECT_TRUE(swapped);
    bench.store.append_only_while("term", 5);
    co_await bench.append(1);
    auto copy = co_await bench.start();
    bench.store.entries().clear();
    copy = co_await bench.start();
    EXPECT_EQ(copy->newest_term(), Epoch(5));
    EXPECT_TRUE(copy->is_ahead());
    EXPECT_THAT(bench.indexes(copy->file()), ElementsAre(1u));
}

// Goal: a store that was made anew, or restored, is followed from its first entry; what the old one had stays beside.
// Method: journals that part at the first entry, in the middle, and are shorter at first.
ASYNC_TEST(JournalCopy, KeepsWhatAnotherHistoryHad) {
    for (const std::size_t same : {0u, 2u, 4u}) {
        Bench bench(co_await boost::asio::this_coro::executor);
        co_await bench.append(5);
        auto copy = co_await bench.start();
        store::MemoryStore other;
        const std::vector<store::JournalEntry> kept(
            bench.store.entries().begin(), bench.store.entries().begin() + static_cast<std::ptrdiff_t>(same)
        );
        const auto restored = co_await other.restore(kept);
        EXPECT_TRUE(restored);
        bench.store = other;
        co_await bench.catch_up(copy.get());
        EXPECT_TRUE(copy->is_ahead());
        EXPECT_EQ(bench.indexes(copy->file()).size(), 5u);
        EXPECT_TRUE(bench.aside().empty());
        co_await bench.append(1, "{\"another\":1}");
        co_await bench.catch_up(copy.get());
        co_await bench.append(6);
        co_await bench.catch_up(copy.get());
        EXPECT_EQ(bench.indexes(copy->file()).size(), same + 7);
        EXPECT_FALSE(copy->is_ahead());
        EXPECT_EQ(copy->put_aside(), 1u);
        REQUIRE(bench.aside().size() == 1);
        EXPECT_THAT(bench.indexes(bench.aside()[0]), ElementsAre(1u, 2u, 3u, 4u, 5u));
    }
}

// Goal: a journal with a hole, or with an entry that is none, is not copied as if it were one.
ASYNC_TEST(JournalCopy, SaysWhatIsMissingOrWrong) {
    Bench bench(co_await boost::asio::this_coro::executor);
    co_await bench.append(2);
    auto copy = co_await bench.start();
    co_await bench.append(4);
    const auto whole = bench.store.entries();
    bench.store.entries()[4].data = "{\"changed\":1}";
    const auto wrong = co_await copy->look();
    REQUIRE(!wrong);
    EXPECT_EQ(wrong.error().code, "journal.bad-chain");
    EXPECT_THAT(bench.indexes(copy->file()), ElementsAre(1u, 2u, 3u, 4u));
    bench.store.entries() = whole;
    bench.store.entries().erase(bench.store.entries().begin() + 3, bench.store.entries().begin() + 5);
    co_await bench.catch_up(copy.get());
    EXPECT_THAT(bench.indexes(copy->file()), ElementsAre(6u));
    REQUIRE(bench.aside().size() == 1);
    EXPECT_THAT(bench.indexes(bench.aside()[0]), ElementsAre(1u, 2u, 3u, 4u));
}

// Goal: a file that somebody changed is kept for who wants to know, and the copy is made again.
ASYNC_TEST(JournalCopy, BeginsAgainAfterAFileThatWasChanged) {
    Bench bench(co_await boost::asio::this_coro::executor);
    co_await bench.append(5);
    auto copy = co_await bench.start();
    auto text = io::read_file(copy->file()).value();
    text.replace(text.find("\"step\"", text.size() / 2), 6, "\"STEP\"");
    EXPECT_TRUE(io::replace_file(copy->file(), text));
    copy = co_await bench.start();
    EXPECT_EQ(bench.indexes(copy->file()).size(), 5u);
    EXPECT_EQ(bench.aside().size(), 1u);
}

}  // namespace
}  // namespace cloudshelf::controller
