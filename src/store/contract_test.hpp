#pragma once

#include "store/store.hpp"
#include "support/async.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <set>

/// What every store of ours does, held against memory, SQLite and etcd. Each begins with an empty one.
namespace cloudshelf::store::contract {

using namespace std::chrono_literals;

/// Goal: of two who expect the same revision one wins, and the other learns what is there.
inline io::Task<void> check_state(StateStore* store) {
    const auto nothing = co_await store->get("lease");
    REQUIRE(nothing);
    EXPECT_FALSE(nothing->has_value());

    const auto first = co_await store->compare_and_swap("lease", 0, "a");
    REQUIRE(first);
    EXPECT_TRUE(first->stored);
    EXPECT_EQ(first->current.revision, 1u);
    EXPECT_EQ(first->current.value, "a");
    const auto again = co_await store->compare_and_swap("lease", 0, "b");
    REQUIRE(again);
    EXPECT_FALSE(again->stored);
    EXPECT_EQ(again->current.revision, 1u);
    EXPECT_EQ(again->current.value, "a");
    const auto next = co_await store->compare_and_swap("lease", 1, "c");
    REQUIRE(next);
    EXPECT_TRUE(next->stored);
    EXPECT_EQ(next->current.revision, 2u);
    const auto late = co_await store->compare_and_swap("lease", 1, "d");
    REQUIRE(late);
    EXPECT_FALSE(late->stored);
    const auto early = co_await store->compare_and_swap("lease", 3, "e");
    REQUIRE(early);
    EXPECT_FALSE(early->stored);
    const auto found = co_await store->get("lease");
    REQUIRE(found && *found);
    EXPECT_EQ((*found)->value, "c");
    EXPECT_EQ((*found)->revision, 2u);

    const auto absent = co_await store->compare_and_swap("other", 5, "x");
    REQUIRE(absent);
    EXPECT_FALSE(absent->stored);
    EXPECT_EQ(absent->current.revision, 0u);
    const auto still_absent = co_await store->get("other");
    REQUIRE(still_absent);
    EXPECT_FALSE(still_absent->has_value());

    // Any bytes, none, and as many as are allowed.
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    for (std::string value : {std::string(), bytes, std::string(value_bytes_max, 'v')}) {
        const std::string key = fmt::format("sizes/{}", value.size());
        const auto stored = co_await store->compare_and_swap(key, 0, value);
        REQUIRE(stored && stored->stored);
        const auto there = co_await store->get(key);
        REQUIRE(there && *there);
        EXPECT_EQ((*there)->value, value);
    }
    const auto longest_key = co_await store->compare_and_swap(std::string(key_bytes_max, 'k'), 0, "x");
    EXPECT_TRUE(longest_key && longest_key->stored);
    const std::pair<std::string, std::string> too_large[] = {
        {"", "x"}, {std::string(key_bytes_max + 1, 'k'), "x"}, {"k", std::string(value_bytes_max + 1, 'x')}
    };
    for (const auto& [key, value] : too_large) {
        const auto refused = co_await store->compare_and_swap(key, 0, value);
        REQUIRE(!refused);
        EXPECT_EQ(refused.error().code, "store.too-large");
        EXPECT_EQ(refused.error().certainty, Certainty::not_done);
    }
}

inline io::Task<void> increment(StateStore* store, int times, int* stored, int* running) {
    while (times > 0) {
        const auto found = co_await store->get("counter");
        if (!found) break;
        const Entry now = found->value_or(Entry{.revision = 0, .value = "0"});
        const auto swapped =
            co_await store->compare_and_swap("counter", now.revision, std::to_string(std::stoi(now.value) + 1));
        if (!swapped) break;
        if (!swapped->stored) continue;
        ++*stored;
        --times;
    }
    --*running;
}

/// Goal: no change is lost and none is counted twice, whoever comes in between.
inline io::Task<void> check_contention(StateStore* store) {
    const auto executor = co_await boost::asio::this_coro::executor;
    int stored = 0;
    int running = 4;
    for (int i = 0; i < 4; ++i) {
        boost::asio::co_spawn(executor, increment(store, 10, &stored, &running), boost::asio::detached);
    }
    while (running > 0) co_await io::wait_for(1ms);
    EXPECT_EQ(stored, 40);
    const auto found = co_await store->get("counter");
    REQUIRE(found && *found);
    EXPECT_EQ((*found)->value, "40");
    EXPECT_EQ((*found)->revision, 40u);
}

inline io::Task<void> change_after(StateStore* store, std::string key, std::uint64_t expected, Duration delay) {
    co_await io::wait_for(delay);
    const auto swapped = co_await store->compare_and_swap(key, expected, "changed");
    EXPECT_TRUE(swapped && swapped->stored);
}

/// Goal: who watches learns of what is there already, of what comes, and of nothing when nothing comes.
inline io::Task<void> check_watch(StateStore* store) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto made = co_await store->compare_and_swap("watched", 0, "first");
    REQUIRE(made);
    const auto there = co_await store->watch("watched", 0, io::Deadline::after(5s));
    REQUIRE(there && *there);
    EXPECT_EQ((*there)->value, "first");
    const auto nothing = co_await store->watch("watched", 1, io::Deadline::after(30ms));
    REQUIRE(nothing);
    EXPECT_FALSE(nothing->has_value());
    boost::asio::co_spawn(executor, change_after(store, "watched", 1, 20ms), boost::asio::detached);
    const auto next = co_await store->watch("watched", 1, io::Deadline::after(5s));
    REQUIRE(next && *next);
    EXPECT_EQ((*next)->revision, 2u);
    EXPECT_EQ((*next)->value, "changed");
}

inline io::Task<void> append_some(Journal* journal, int writer, std::set<std::uint64_t>* indexes, int* running) {
    for (int i = 0; i < 10; ++i) {
        const auto index = co_await journal->append(1, fmt::format("w{}", writer), "step", std::to_string(i));
        EXPECT_TRUE(index) << index.error().message;
        if (index) EXPECT_TRUE(indexes->insert(*index).second) << "index " << *index << " twice";
    }
    --*running;
}

/// Goal: what was appended is read back in order and whole, also when several append at once.
inline io::Task<void> check_journal(Journal* journal) {
    const auto empty = co_await journal->verify();
    REQUIRE(empty);
    EXPECT_FALSE(empty->has_value());
    const auto none = co_await journal->read(1, 10);
    REQUIRE(none);
    EXPECT_TRUE(none->empty());

    for (std::uint64_t i = 1; i <= 5; ++i) {
        const auto index = co_await journal->append(7, "x1", "execution", fmt::format("{{\"n\":\"\\\"{}\"}}", i));
        REQUIRE(index);
        EXPECT_EQ(*index, i);
    }
    const auto two = co_await journal->read(2, 2);
    REQUIRE(two && two->size() == 2);
    EXPECT_EQ(two->at(0).index, 2u);
    EXPECT_EQ(two->at(0).epoch, 7u);
    EXPECT_EQ(two->at(0).execution, "x1");
    EXPECT_EQ(two->at(0).kind, "execution");
    EXPECT_EQ(two->at(0).data, "{\"n\":\"\\\"2\"}");
    EXPECT_EQ(two->at(1).previous_hash, two->at(0).hash);
    const auto refused = co_await journal->append(1, "x1", "execution", std::string(journal_data_bytes_max + 1, 'x'));
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "store.too-large");
    const auto largest = co_await journal->append(1, "x1", "execution", std::string(journal_data_bytes_max, '"'));
    EXPECT_TRUE(largest);

    const auto executor = co_await boost::asio::this_coro::executor;
    std::set<std::uint64_t> indexes;
    int running = 8;
    for (int writer = 0; writer < 8; ++writer) {
        boost::asio::co_spawn(executor, append_some(journal, writer, &indexes, &running), boost::asio::detached);
    }
    while (running > 0) co_await io::wait_for(1ms);
    EXPECT_EQ(indexes.size(), 80u);
    const auto all = co_await journal->read(1, 1000);
    REQUIRE(all);
    EXPECT_EQ(all->size(), 86u);
    const auto fault = co_await journal->verify();
    REQUIRE(fault);
    EXPECT_FALSE(fault->has_value()) << (*fault)->what;
}

/// Goal: keys are found by how they begin, and only those.
inline io::Task<void> check_list(StateStore* store) {
    for (std::string key : {"list/b", "list/a", "list", "list0", "lisu", "control/term", "control/a"}) {
        const auto stored = co_await store->compare_and_swap(key, 0, key + "!");
        REQUIRE(stored && stored->stored);
    }
    const auto found = co_await store->list("list/");
    REQUIRE(found && found->size() == 2);
    EXPECT_EQ(found->at(0).key, "list/a");
    EXPECT_EQ(found->at(1).key, "list/b");
    EXPECT_EQ(found->at(1).entry.value, "list/b!");
    EXPECT_EQ(found->at(1).entry.revision, 1u);
    // Where the store has its journal.
    const auto control = co_await store->list("control/");
    REQUIRE(control && control->size() == 2);
    EXPECT_EQ(control->at(0).key, "control/a");
    EXPECT_EQ(control->at(1).key, "control/term");
    const auto none = co_await store->list("nothing/");
    REQUIRE(none);
    EXPECT_TRUE(none->empty());
}

/// Goal: once another has changed the term, nothing of the old one gets into the journal.
/// Goal: every change is told by the answer after it, none that a mark covers has to be.
inline io::Task<void> check_changes(StateStore* store) {
    const auto first = co_await store->compare_and_swap("changes/a", 0, "1");
    REQUIRE(first && first->stored);
    const auto all = co_await store->changes("changes/", 0);
    REQUIRE(all && all->entries.size() == 1);
    const auto second = co_await store->compare_and_swap("changes/b", 0, "2");
    REQUIRE(second && second->stored);
    const auto later = co_await store->changes("changes/", all->mark);
    REQUIRE(later && !later->entries.empty());
    EXPECT_EQ(later->entries.back().key, "changes/b");
    EXPECT_EQ(later->entries.back().entry.value, "2");
    const auto nothing = co_await store->changes("changes/", later->mark);
    REQUIRE(nothing);
    if (later->mark > 0) EXPECT_TRUE(nothing->entries.empty());
}

inline io::Task<void> check_term(Store* store) {
    const auto first = co_await store->compare_and_swap("term", 0, "1");
    REQUIRE(first && first->stored);
    store->append_only_while("term", 1);
    const auto ours = co_await store->append(1, "x9", "step", "{}");
    EXPECT_TRUE(ours);
    const auto taken = co_await store->compare_and_swap("term", 1, "2");
    REQUIRE(taken && taken->stored);
    const auto before = co_await store->read(1, 1000);
    const auto late = co_await store->append(1, "x9", "step", "{}");
    REQUIRE(!late);
    EXPECT_EQ(late.error().code, "store.term-ended");
    EXPECT_FALSE(late.error().retryable);
    EXPECT_EQ(late.error().certainty, Certainty::not_done);
    const auto after = co_await store->read(1, 1000);
    REQUIRE(before && after);
    EXPECT_EQ(before->size(), after->size());
    store->append_only_while("term", 2);
    const auto again = co_await store->append(2, "x9", "step", "{}");
    REQUIRE(again);
    const auto newest = co_await store->read(*again, 1);
    REQUIRE(newest && newest->size() == 1);
    EXPECT_EQ(newest->at(0).term, 2u);
    const auto whole = co_await store->verify();
    REQUIRE(whole);
    EXPECT_FALSE(whole->has_value()) << (*whole)->what;
}

/// Goal: another journal's entries are taken over as they are, once, and only where they follow.
inline io::Task<void> check_restore(Journal* from, Journal* into) {
    const auto entries = co_await from->read(1, 1000);
    REQUIRE(entries && entries->size() > 10);
    std::vector<JournalEntry> part(entries->begin() + 5, entries->end());
    const auto gap = co_await into->restore(part);
    EXPECT_EQ(gap.error().code, "store.bad-chain");
    part.assign(entries->begin(), entries->begin() + 5);
    const auto begun = co_await into->restore(part);
    EXPECT_TRUE(begun) << begun.error().message;
    for (int time = 0; time < 2; ++time) {
        const auto done = co_await into->restore(*entries);
        EXPECT_TRUE(done) << done.error().message;
    }
    const auto there = co_await into->read(1, 1000);
    REQUIRE(there && there->size() == entries->size());
    for (std::size_t i = 0; i < there->size(); ++i) EXPECT_EQ(there->at(i).hash, entries->at(i).hash);
    const auto next = co_await into->append(1, "x1", "step", "{}");
    EXPECT_EQ(next.value_or(0), entries->size() + 1);
    const auto fault = co_await into->verify();
    REQUIRE(fault);
    EXPECT_FALSE(fault->has_value()) << (*fault)->what;
}

inline io::Task<void> check(Store* store) {
    co_await check_state(store);
    co_await check_contention(store);
    co_await check_watch(store);
    co_await check_journal(store);
    co_await check_list(store);
    co_await check_changes(store);
    co_await check_term(store);
}

}  // namespace cloudshelf::store::contract
