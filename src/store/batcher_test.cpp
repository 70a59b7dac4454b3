#include "store/batcher.hpp"

#include "io/background.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>

#include <set>
#include <string>

namespace cloudshelf::store {
namespace {

using namespace std::chrono_literals;

struct Call {
    std::string key;
    std::size_t bytes() const { return key.size(); }
};
using Calls = Batcher<Call, std::string>;

/// Answers each call with its key, when it is let.
struct Far {
    explicit Far(io::Executor on) : executor(on), open(on, boost::asio::steady_timer::time_point::max()) {}

    io::Task<Result<std::vector<std::string>>> send(std::vector<Call> calls) {
        std::vector<std::string> keys;
        for (auto& call : calls) keys.push_back(std::move(call.key));
        messages.push_back(keys);
        boost::system::error_code let;
        if (closed) co_await open.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, let));
        if (fails) co_return fail(Error{.code = "far.away", .certainty = Certainty::unknown});
        co_return keys;
    }
    void let_all() {
        closed = false;
        open.cancel();
    }

    io::Executor executor;
    boost::asio::steady_timer open;
    bool closed = true;
    bool fails = false;
    std::vector<std::vector<std::string>> messages;
};

io::Task<void> ask(Calls* calls, std::string key, std::vector<std::string>* heard) {
    Call call{.key = key};
    const auto answer = co_await calls->call(std::move(call));
    heard->push_back(answer ? *answer : answer.error().code);
}

template <class Holds>
io::Task<void> until(const Holds& holds) {
    for (const auto deadline = io::Deadline::after(5s); !holds() && !deadline.passed();) co_await io::wait_for(1ms);
    EXPECT_TRUE(holds());
}

// Goal: what is asked while a message is under way travels together in the next, and each hears its own answer.
ASYNC_TEST(Batcher, PutsTogetherWhatIsAskedMeanwhile) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Far far(executor);
    Calls calls(executor, {.wait_max = 1min}, [&](std::vector<Call> all) { return far.send(std::move(all)); });
    std::vector<std::string> heard;
    for (const char* key : {"a", "b", "c", "d"}) io::run_in_background(executor, ask(&calls, key, &heard));
    const auto first_is_sent = [&] { return far.messages.size() == 1; };
    co_await until(first_is_sent);
    far.let_all();
    const auto all_heard = [&] { return heard.size() == 4; };
    co_await until(all_heard);
    EXPECT_EQ(far.messages, (std::vector<std::vector<std::string>>{{"a"}, {"b", "c", "d"}}));
    EXPECT_EQ(heard[0], "a");
    EXPECT_EQ(std::set<std::string>(heard.begin(), heard.end()).size(), 4u);
}

// Goal: nobody waits for a message that gets no answer; and what does not fit goes by itself: a key that is there
// already, one more than there may be.
ASYNC_TEST(Batcher, WaitsForNobodyLong) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Far far(executor);
    Calls calls(executor, {.calls_max = 2, .wait_max = 5ms}, [&](std::vector<Call> all) {
        return far.send(std::move(all));
    });
    std::vector<std::string> heard;
    for (const char* key : {"a", "b", "b", "c", "d"}) io::run_in_background(executor, ask(&calls, key, &heard));
    const auto all_are_sent = [&] { return far.messages.size() == 4; };
    co_await until(all_are_sent);
    EXPECT_EQ(far.messages, (std::vector<std::vector<std::string>>{{"a"}, {"b"}, {"d"}, {"b", "c"}}));
    EXPECT_TRUE(heard.empty());
    far.let_all();
    const auto all_heard = [&] { return heard.size() == 5; };
    co_await until(all_heard);
}

ASYNC_TEST(Batcher, FailsTogether) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Far far(executor);
    far.fails = true;
    Calls calls(executor, {}, [&](std::vector<Call> all) { return far.send(std::move(all)); });
    std::vector<std::string> heard;
    for (const char* key : {"a", "b", "c"}) io::run_in_background(executor, ask(&calls, key, &heard));
    const auto both_are_sent = [&] { return far.messages.size() == 2; };
    co_await until(both_are_sent);
    far.let_all();
    const auto all_heard = [&] { return heard.size() == 3; };
    co_await until(all_heard);
    EXPECT_EQ(heard, std::vector<std::string>(3, "far.away"));
}

}  // namespace
}  // namespace cloudshelf::store
