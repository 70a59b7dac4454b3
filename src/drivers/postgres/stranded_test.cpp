// What test_decoding prints becomes JSON Lines that say the same, and only for transactions that ended beyond the fork.
// The expected lines were written by hand from the plugin's format (PostgreSQL 15, F.47 and contrib/test_decoding).
#include "drivers/postgres/stranded.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::postgres {
namespace {

constexpr std::string_view end_row = "\tEND\n";

TEST(Stranded, ReadsEveryKindOfValue) {
    const auto change = parse_change(
        R"(table public.ratings: INSERT: id[bigint]:5 note[text]:'it''s [odd]: x' tags[integer[]]:'{1,2}' )"
        R"(name[character varying]:'' gone[text]:null ok[boolean]:true bits[bit]:B'101' "Odd ""name"[numeric]:-1.50)"
    );
    ASSERT_TRUE(change);
    EXPECT_EQ(change->table, "public.ratings");
    EXPECT_EQ(change->operation, "INSERT");
    const Columns expected{
        {"id", "5"},
        {"note", "it's [odd]: x"},
        {"tags", "{1,2}"},
        {"name", ""},
        {"gone", std::nullopt},
        {"ok", "true"},
        {"bits", "101"},
        {"Odd \"name", "-1.50"},
    };
    EXPECT_EQ(change->row, expected);
}

TEST(Stranded, TextThatReadsNullIsNotNull) {
    const auto change = parse_change("table public.t: INSERT: a[text]:'null' b[text]:null");
    ASSERT_TRUE(change);
    EXPECT_EQ(change->row[0].second, "null");
    EXPECT_EQ(change->row[1].second, std::nullopt);
}

TEST(Stranded, UpdateOfTheKeyKeepsTheOldOne) {
    const auto change = parse_change(
        "table public.t: UPDATE: old-key: id[text]:'a new-tuple: b' new-tuple: id[text]:'c' "
        "big[text]:unchanged-toast-datum"
    );
    ASSERT_TRUE(change);
    EXPECT_EQ(change->old_key, (Columns{{"id", "a new-tuple: b"}}));
    EXPECT_EQ(change->row, (Columns{{"id", "c"}}));  // what did not change was not printed, and is not invented
}

TEST(Stranded, OtherLinesAreNoChanges) {
    EXPECT_FALSE(parse_change("BEGIN 745"));
    EXPECT_FALSE(parse_change("COMMIT 745"));
    EXPECT_FALSE(parse_change("table broken"));
    EXPECT_TRUE(parse_change("table public.t: TRUNCATE: (no-flags)"));
    const auto empty = parse_change("table public.t: DELETE: (no-tuple-data)");
    ASSERT_TRUE(empty);
    EXPECT_TRUE(empty->row.empty());
}

TEST(Stranded, CopyEscapesAreResolved) {
    EXPECT_EQ(copy_fields("a\\tb\tc\\\\n\\nd"), (std::vector<std::string>{"a\tb", "c\\n\nd"}));
}

TEST(Stranded, ATransactionCountsByWhereItEnded) {
    const std::string changes =
        "0/100\tBEGIN 1\n0/100\ttable public.t: INSERT: id[integer]:1\n0/150\tCOMMIT 1\n"  // ends before the fork
        "0/160\tBEGIN 2\n0/160\ttable public.t: INSERT: id[integer]:2\n0/200\tCOMMIT 2\n"  // ends exactly at it
        "0/170\tBEGIN 3\n0/170\ttable public.t: INSERT: id[integer]:3\n0/210\tCOMMIT 3\n"  // begun before, ended beyond
        "0/220\tBEGIN 4\n0/220\ttable cloudshelf.heartbeat: UPDATE: id[integer]:1\n0/230\tCOMMIT 4\n" +
        std::string(end_row);
    const auto found = stranded_changes(changes, "public.t\tid\n", Lsn(0x200));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->count, 1u);
    EXPECT_EQ(
        boost::json::parse(found->lines.substr(0, found->lines.size() - 1)),
        boost::json::parse(
            R"({"table":"public.t","key":{"id":"3"},"operation":"INSERT","row":{"id":"3"},"lsn":"0/210"})"
        )
    );
}

TEST(Stranded, ACutShortReadingIsAnError) {
    const auto found = stranded_changes("0/100\tBEGIN 1\n", "", Lsn(0));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "postgres.stranded");
}

}  // namespace
}  // namespace cloudshelf::postgres
