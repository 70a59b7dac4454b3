#include "store/memory.hpp"

#include "store/contract_test.hpp"

namespace cloudshelf::store {
namespace {

using namespace std::chrono_literals;
using Manner = MemoryStore::Manner;

ASYNC_TEST(MemoryStore, KeepsTheContract) {
    MemoryStore store;
    co_await contract::check(&store);
}

ASYNC_TEST(MemoryStore, KeepsTheContractLate) {
    MemoryStore store;
    store.answer_after(1ms);
    co_await contract::check(&store);
}

ASYNC_TEST(MemoryStore, TakesOverAJournal) {
    MemoryStore from;
    MemoryStore into;
    co_await contract::check(&from);
    co_await contract::check_restore(&from, &into);
}

// Goal: the three ways of failing say what they did.
ASYNC_TEST(MemoryStore, FailsInThreeWays) {
    MemoryStore store;
    const std::tuple<Manner, Certainty, bool> ways[] = {
        {Manner::fails, Certainty::not_done, false},
        {Manner::unknown, Certainty::unknown, true},
        {Manner::unknown_undone, Certainty::unknown, false},
    };
    for (const auto& [manner, certainty, done] : ways) {
        const std::string key = fmt::format("key {}", static_cast<int>(manner));
        const auto entries = store.entries().size();
        store.become(manner);
        const auto swapped = co_await store.compare_and_swap(key, 0, "x");
        REQUIRE(!swapped);
        EXPECT_EQ(swapped.error().certainty, certainty);
        const auto appended = co_await store.append(1, "x1", "step", "{}");
        REQUIRE(!appended);
        EXPECT_EQ(appended.error().certainty, certainty);
        const auto unread = co_await store.get(key);
        REQUIRE(!unread);
        EXPECT_EQ(unread.error().certainty, Certainty::not_done);
        store.become(Manner::answers);
        const auto found = co_await store.get(key);
        REQUIRE(found);
        EXPECT_EQ(found->has_value(), done);
        EXPECT_EQ(store.entries().size(), entries + (done ? 1 : 0));
    }
    store.entries().pop_back();
    const auto fault = co_await store.verify();
    EXPECT_TRUE(fault && fault->has_value());
}

}  // namespace
}  // namespace cloudshelf::store
