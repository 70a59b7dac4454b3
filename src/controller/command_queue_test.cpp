#include "controller/command_queue.hpp"

#include "store/memory.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace cloudshelf::controller {
namespace {

using namespace std::chrono_literals;
using core::Finished;
using core::Perform;
using core::Save;
using Manner = store::MemoryStore::Manner;

/// Notes what is carried out together with how many entries the journal had then: "x1 promote@1".
struct Bench {
    explicit Bench(io::Executor executor)
        : queue(
              std::move(executor),
              store,
              [this](const std::string& execution, const core::ExecutionCommand& command) {
                  const auto* what = std::get_if<Perform>(&command);
                  done.push_back(
                      fmt::format("{} {}@{}", execution, what ? what->step : "finished", store.entries().size())
                  );
              },
              1ms
          ) {}

    store::MemoryStore store;
    std::vector<std::string> done;
    CommandQueue queue;
};

Perform perform(std::string step) {
    return {.step = std::move(step)};
}
const auto soon = [] { return io::Deadline::after(5s); };

// Goal: nothing is carried out before what stands ahead of it is in the journal, however late that answers.
ASYNC_TEST(CommandQueue, CarriesOutAfterTheSave) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Bench bench(executor);
    bench.store.answer_after(5ms);
    bench.queue.push("x1", Epoch(2), "A", {Save{}, perform("a"), perform("b")});
    bench.queue.push("x1", Epoch(2), "B", {Save{}, perform("c"), Save{}, Finished{true}});
    EXPECT_TRUE(bench.done.empty());
    co_await bench.queue.drained("x1", soon());
    EXPECT_EQ(bench.done, (std::vector<std::string>{"x1 a@1", "x1 b@1", "x1 c@2", "x1 finished@3"}));
    REQUIRE(bench.store.entries().size() == 3);
    EXPECT_EQ(bench.store.entries()[0].data, "A");
    EXPECT_EQ(bench.store.entries()[0].epoch, 2u);
    EXPECT_EQ(bench.store.entries()[2].data, "B");
}

// Goal: a journal that fails holds everything behind it back, and goes on by itself; one that lost its answer leaves an
// entry more and is as good. Method: each way of failing, lifted after a while.
ASYNC_TEST(CommandQueue, WaitsForTheJournal) {
    const auto executor = co_await boost::asio::this_coro::executor;
    for (const auto manner : {Manner::fails, Manner::unknown, Manner::unknown_undone}) {
        Bench bench(executor);
        bench.store.become(manner);
        bench.queue.push("x1", Epoch(1), "A", {Save{}, perform("a")});
        bench.queue.push("x1", Epoch(1), "B", {perform("b")});
        co_await bench.queue.drained("x1", io::Deadline::after(20ms));
        EXPECT_TRUE(bench.done.empty());
        EXPECT_TRUE(bench.queue.holds("x1"));  // for whoever reads the journal nothing has happened yet
        bench.store.become(Manner::answers);
        co_await bench.queue.drained("x1", soon());
        EXPECT_FALSE(bench.queue.holds("x1"));
        REQUIRE(bench.done.size() == 2);
        EXPECT_TRUE(bench.done[0].starts_with("x1 a@"));
        EXPECT_TRUE(bench.done[1].starts_with("x1 b@"));
        EXPECT_EQ(bench.store.entries().back().data, "A");
    }
}

ASYNC_TEST(CommandQueue, ExecutionsDoNotMix) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Bench bench(executor);
    bench.store.answer_after(2ms);
    bench.queue.push("x1", Epoch(1), "A", {Save{}, perform("a")});
    bench.queue.push("x2", Epoch(2), "B", {perform("b"), Save{}, perform("c")});
    bench.queue.push("x1", Epoch(1), "C", {Save{}, perform("d")});
    co_await bench.queue.drained("x1", soon());
    co_await bench.queue.drained("x2", soon());
    EXPECT_EQ(bench.done, (std::vector<std::string>{"x2 b@0", "x1 a@1", "x2 c@2", "x1 d@3"}));
    // A queue that has emptied begins anew.
    bench.queue.push("x1", Epoch(1), "D", {Save{}, Finished{true}});
    co_await bench.queue.drained("x1", soon());
    EXPECT_EQ(bench.done.back(), "x1 finished@4");
}

}  // namespace
}  // namespace cloudshelf::controller
