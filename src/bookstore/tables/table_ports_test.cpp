// Goal: carts outlive the tables of one region, and sessions all of them. Method: two regions of fake tables behind
// HTTP.
#include "bookstore/tables/table_ports.hpp"

#include "bookstore/tables/table_names.hpp"
#include "bookstore/tables/table_setup.hpp"
#include "drivers/tables/fake.hpp"
#include "io/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace cloudshelf::bookstore {
namespace {

using namespace std::chrono_literals;

const std::string user = "11111111-1111-4111-8111-111111111111";
const sigv4::Credentials key{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "a secret of this test"};

enum class State { running, refusing, silent };

struct FakeRegion {
    explicit FakeRegion(const io::Executor& executor)
        : server(executor, {.listen = {"127.0.0.1", 0}}, [this](io::HttpRequest request) {
              return answer(this, std::move(request));
          }) {
        EXPECT_TRUE(server.start());
    }
    static io::Task<io::HttpResponse> answer(FakeRegion* self, io::HttpRequest request) {
        ++self->asked;
        if (self->state == State::silent) co_await io::wait_for(2s);
        self->tables.refuse_all = self->state == State::refusing;
        co_return self->tables.answer(request);
    }
    std::atomic<State> state = State::running;
    std::atomic<int> asked = 0;
    tables_client::FakeTables tables;
    io::HttpServer server;
};

struct TablePortsTest : testing::Test {
    boost::asio::io_context loop;
    FakeRegion ours{loop.get_executor()};
    FakeRegion other{loop.get_executor()};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{loop.get_executor()};
    std::unique_ptr<TablePorts> ports;
    std::jthread runner;

    TablePortsTest() {
        ports = std::make_unique<TablePorts>(
            loop.get_executor(),
            TablePorts::Options{
                .servers =
                    {{.region = "us-east-1", .endpoint = {"127.0.0.1", ours.server.port()}},
                     {.region = "us-west-2", .endpoint = {"127.0.0.1", other.server.port()}}},
                .credentials = key,
                .attempt_limit = 200ms,
                .session_limit = 100ms,
                .pass_over = 300ms,
            }
        );
        runner = std::jthread([this] { loop.run(); });
        for (auto* region : {&ours, &other}) {
            tables_client::Client client(
                loop.get_executor(),
                {.endpoint = {"127.0.0.1", region->server.port()}, .region = "r", .credentials = key}
            );
            for (int i = 0; i < 2; ++i) {  // the second time there is nothing left to do
                const auto made =
                    boost::asio::co_spawn(
                        loop, set_up_tables(&client, {"elsewhere"}, io::Deadline::after(5s)), boost::asio::use_future
                    )
                        .get();
                EXPECT_TRUE(made) << made.error().message;
            }
        }
    }
    ~TablePortsTest() override {
        loop.stop();
        runner.join();
    }
};

TEST_F(TablePortsTest, KeepsCartsInOurRegion) {
    ASSERT_TRUE(ports->put(user, {"7", 2}));
    ASSERT_TRUE(ports->put(user, {"12", 1}));
    EXPECT_EQ(ports->change(user, {"7", 5}).value(), true);
    EXPECT_EQ(ports->change(user, {"8", 5}).value(), false);
    EXPECT_EQ(ports->lines(user).value(), (std::vector<CartLine>{{"12", 1}, {"7", 5}}));
    ASSERT_TRUE(ports->remove(user, "7"));
    EXPECT_EQ(ports->lines(user).value(), (std::vector<CartLine>{{"12", 1}}));
    EXPECT_EQ(ports->answered_elsewhere(), 0U);
}

TEST_F(TablePortsTest, GoesToTheOtherRegionWhenOursIsAway) {
    for (const auto state : {State::refusing, State::silent}) {
        ours.state = state;
        const auto before = ports->answered_elsewhere();
        EXPECT_TRUE(ports->put(user, {"7", 2}));
        EXPECT_EQ(ports->lines(user).value(), (std::vector<CartLine>{{"7", 2}}));
        EXPECT_EQ(ports->answered_elsewhere(), before + 2);
    }
    EXPECT_FALSE(ports->ours_answer());
    const int asked = ours.asked;
    EXPECT_TRUE(ports->put(user, {"8", 1}));
    EXPECT_EQ(ours.asked, asked) << "who was silent is passed over";
    ours.state = State::running;
    const auto deadline = io::Deadline::after(5s);
    while (!ports->ours_answer() && !deadline.passed()) EXPECT_TRUE(ports->lines(user));
    EXPECT_TRUE(ports->ours_answer());
}

TEST_F(TablePortsTest, SaysWhatIsKnownWhenNobodyAnswers) {
    ours.state = other.state = State::refusing;
    const auto refused = ports->put(user, {"7", 2});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "tables.unavailable");
    EXPECT_EQ(refused.error().certainty, Certainty::not_done);
    EXPECT_TRUE(refused.error().retryable);
    ours.state = State::silent;
    const auto lost = ports->put(user, {"7", 2});
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().certainty, Certainty::unknown) << "our region may have done it";
    EXPECT_EQ(ports->unanswered(), 2U);
}

TEST_F(TablePortsTest, SignsOutForGoodAndLetsSessionsBeWithoutTables) {
    const Sessions::Session session{.id = "a", .user = user, .expires_at = 1'800'000'000};
    ports->opened(session);
    EXPECT_FALSE(ports->is_signed_out("a"));
    ASSERT_TRUE(ports->sign_out(session));
    ports->opened(session);  // late news of the sign-in
    EXPECT_TRUE(ports->is_signed_out("a"));
    EXPECT_TRUE(ports->is_signed_out("a"));
    ours.state = State::silent;
    EXPECT_FALSE(ports->is_signed_out("a")) << "valid by its signature";
    const int asked = ours.asked;
    EXPECT_FALSE(ports->is_signed_out("a"));
    EXPECT_EQ(ours.asked, asked) << "one request pays for it, not all";
}

}  // namespace
}  // namespace cloudshelf::bookstore
