#include "store/journal_lines.hpp"

#include "io/file.hpp"
#include "store/memory.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>

#include <gmock/gmock.h>

namespace cloudshelf::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A journal of `count` entries under each of the terms, one after the other.
std::vector<JournalEntry> journal(std::vector<std::pair<std::uint64_t, int>> terms, std::string data = "{}") {
    MemoryStore store;
    for (const auto& [term, count] : terms) {
        const auto found = testing::value_of(store.get("term"));
        const std::uint64_t revision = *found ? (*found)->revision : 0;
        testing::value_of(store.compare_and_swap("term", revision, std::to_string(term)));
        store.append_only_while("term", term);
        for (int i = 0; i < count; ++i) testing::value_of(store.append(1, "x1", "step", data));
    }
    return store.entries();
}

std::vector<JournalEntry> part(const std::vector<JournalEntry>& all, std::size_t from, std::size_t to) {
    return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
}

class JournalFileTest : public ::testing::Test {
protected:
    void write(const std::vector<JournalEntry>& entries, const std::string& more = "") {
        std::string text;
        for (const auto& entry : entries) text += to_line(entry);
        ASSERT_TRUE(io::replace_file(path_, text + more));
    }

    testing::TemporaryFolder folder_;
    fs::path path_ = folder_ / "journal.jsonl";
};

// Goal: a line says exactly what the entry says, the bytes that its hash covers too, and what a later release adds to
// it is passed over.
TEST(JournalLine, SaysWhatTheEntrySays) {
    const auto entries = journal({{3, 1}}, "{\"n\": 1.50,\t\"text\":\"\\u00e4\\\"\xc3\xa4\"}");
    const std::string line = to_line(entries[0]);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto read = parse_line(line);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->data, entries[0].data);
    EXPECT_EQ(read->term, 3u);
    EXPECT_EQ(hash_of(*read), entries[0].hash);
    const auto later = parse_line("{\"signature\": [1], " + line.substr(1));
    ASSERT_TRUE(later);
    EXPECT_EQ(hash_of(*later), entries[0].hash);
    for (const char* bad : {"", "{}", "[]", "{\"index\": -1}", "{\"index\": 1"})
        EXPECT_EQ(parse_line(bad).error().code, "journal.unreadable") << bad;
}

// Goal: the chain of entries of before there were terms holds. The hash is one that version 1 wrote.
TEST(JournalLine, OldEntriesKeepTheirHash) {
    JournalEntry old{.index = 1, .at = "2026-11-01T00:00:00Z", .epoch = 7, .execution = "x1", .kind = "execution"};
    old.data = "{}";
    const std::string without = hash_of(old);
    EXPECT_EQ(without, "6bac6ad442af6912d67b25e92b60b48df0008e8aba621d62984f0777ae6ee5f6");
    old.term = 1;
    EXPECT_NE(hash_of(old), without);
}

TEST_F(JournalFileTest, IsReadToItsEnd) {
    const auto none = read_journal_file(path_);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->last.index, 0u);
    const auto entries = journal({{1, 3}, {2, 2}});
    write(entries);
    std::vector<std::uint64_t> shown;
    const auto all = read_journal_file(path_, [&](const JournalEntry& entry) { shown.push_back(entry.index); });
    ASSERT_TRUE(all);
    EXPECT_THAT(shown, ElementsAre(1u, 2u, 3u, 4u, 5u));
    EXPECT_EQ(all->last.hash, entries.back().hash);
    EXPECT_FALSE(all->fault);
    EXPECT_FALSE(all->torn);
    EXPECT_EQ(all->whole_bytes, fs::file_size(path_));
    // A copy may begin later.
    write(part(entries, 2, 5));
    EXPECT_EQ(read_journal_file(path_)->first.index, 3u);
    EXPECT_FALSE(read_journal_file(path_)->fault);
}

// Goal: of a writer that was killed in the middle of a line everything before is there, and where it ends is known.
TEST_F(JournalFileTest, EndsWhereItsWriterWasEnded) {
    const auto entries = journal({{1, 3}});
    const std::string torn = to_line(entries[2]);
    write(part(entries, 0, 2), torn.substr(0, torn.size() / 2));
    const auto read = read_journal_file(path_);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->torn);
    EXPECT_FALSE(read->fault);
    EXPECT_EQ(read->last.index, 2u);
    EXPECT_EQ(read->whole_bytes, fs::file_size(path_) - torn.size() / 2);
}

// Goal: whatever was done to a file by hand is found, at its place.
TEST_F(JournalFileTest, WhatWasChangedIsFound) {
    const auto entries = journal({{1, 5}});
    auto changed = entries;
    changed[2].data = "{\"changed\":1}";
    auto other_term = entries;
    other_term[3].term = 2;
    auto cut = entries;
    cut.erase(cut.begin() + 1);
    auto reordered = entries;
    std::swap(reordered[1], reordered[2]);
    const std::pair<std::uint64_t, std::vector<JournalEntry>> cases[] = {
        {3, changed}, {4, other_term}, {2, cut}, {2, reordered}
    };
    for (const auto& [index, bad] : cases) {
        write(bad);
        const auto read = read_journal_file(path_);
        ASSERT_TRUE(read && read->fault) << index;
        EXPECT_EQ(read->fault->index, index) << read->fault->what;
        EXPECT_EQ(read->last.index, index - 1);
    }
    write(part(entries, 0, 1), "no json\n" + to_line(entries[1]));
    EXPECT_THAT(read_journal_file(path_)->fault->what, HasSubstr("no journal entry"));
}

TEST(MergeJournals, CopiesThatAgreeAreOne) {
    const auto all = journal({{1, 3}, {2, 4}});
    const JournalCopyOf copies[] = {{"a", part(all, 0, 5)}, {"b", all}, {"c", part(all, 3, 6)}};
    const auto merged = merge_journals(copies);
    EXPECT_THAT(merged.differences, IsEmpty());
    ASSERT_EQ(merged.entries.size(), 7u);
    ChainCheck check;
    for (const auto& entry : merged.entries) EXPECT_FALSE(check.next(entry));
}

// Goal: a store made anew begins with entry 1 again; both histories are there, the older term's first, and where they
// part is said once.
TEST(MergeJournals, TwoHistoriesStandByTerm) {
    const auto old = journal({{1, 2}, {4, 1}});
    const auto rebuilt = journal({{5, 2}}, "{\"rebuilt\":true}");
    const JournalCopyOf copies[] = {{"b", rebuilt}, {"a", old}};
    const auto merged = merge_journals(copies);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
    for (const auto& entry : merged.entries) places.emplace_back(entry.term, entry.index);
    using P = std::pair<std::uint64_t, std::uint64_t>;
    EXPECT_THAT(places, ElementsAre(P(1, 1), P(1, 2), P(4, 3), P(5, 1), P(5, 2)));
    ASSERT_EQ(merged.differences.size(), 1u);
    EXPECT_THAT(merged.differences[0], HasSubstr("entries 1 to 2 are not the same everywhere"));
    EXPECT_THAT(merged.differences[0], HasSubstr("of term 1 in a"));
}

TEST(MergeJournals, SaysWhatIsInNoCopy) {
    const auto all = journal({{1, 9}});
    const JournalCopyOf copies[] = {{"a", part(all, 0, 3)}, {"b", part(all, 5, 9)}};
    EXPECT_THAT(merge_journals(copies).differences, ElementsAre("entries 4 to 5 are in no copy"));
}

}  // namespace
}  // namespace cloudshelf::store
