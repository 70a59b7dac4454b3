// DNS looks, over sockets of this process; PowerDNS is in tests/integration/probes_livetest.cpp.
#include "drivers/probe/looker_test.hpp"
#include "io/background.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <functional>
#include <set>

namespace cloudshelf::probe {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using core::Observation;
using namespace std::chrono_literals;
using namespace std::string_literals;
using io::Task;

constexpr const char* address = "127.77.0.53";
constexpr Limits short_limits{.connect = 200ms, .status = 200ms, .body = 200ms};

/// A nameserver of one address that answers each question with the messages that a function makes of it, one after the
/// other, over UDP and (the last of them) over TCP.
class Imposter {
public:
    using Answers = std::function<std::vector<std::string>(const std::string& asked, bool by_tcp)>;

    Imposter(io::Executor executor, Answers answers)
        : udp_(executor, {asio::ip::make_address(address), 0}),
          acceptor_(executor, {asio::ip::make_address(address), udp_.local_endpoint().port()}),
          answers_(std::move(answers)) {
        io::run_in_background(executor, serve_udp());
        io::run_in_background(executor, serve_tcp());
    }
    io::Endpoint endpoint() const { return {.address = address, .port = udp_.local_endpoint().port()}; }
    void close() {
        boost::system::error_code ignored;
        udp_.close(ignored);
        acceptor_.close(ignored);
    }

    std::set<std::string> ids;
    std::set<std::uint16_t> ports;
    int by_tcp = 0;

private:
    Task<void> serve_udp() {
        boost::system::error_code problem;
        std::array<char, 600> buffer;
        udp::endpoint from;
        for (;;) {
            const std::size_t size = co_await udp_.async_receive_from(
                asio::buffer(buffer), from, asio::redirect_error(asio::use_awaitable, problem)
            );
            if (problem) co_return;
            const std::string asked(buffer.data(), size);
            ids.insert(asked.substr(0, 2));
            ports.insert(from.port());
            for (const auto& answer : answers_(asked, false)) udp_.send_to(asio::buffer(answer), from, 0, problem);
        }
    }
    Task<void> serve_tcp() {
        boost::system::error_code problem;
        for (;;) {
            tcp::socket socket(acceptor_.get_executor());
            co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, problem));
            if (problem) co_return;
            ++by_tcp;
            std::string asked(2, '\0');
            co_await asio::async_read(socket, asio::buffer(asked), asio::redirect_error(asio::use_awaitable, problem));
            asked.assign(static_cast<unsigned char>(asked[1]), '\0');
            co_await asio::async_read(socket, asio::buffer(asked), asio::redirect_error(asio::use_awaitable, problem));
            if (problem) continue;
            for (auto answer : answers_(asked, true)) {
                answer = static_cast<char>(answer.size() >> 8) + ""s + static_cast<char>(answer.size()) + answer;
                for (std::size_t at = 0; at < answer.size() && !problem; at += 7) {
                    const std::string slice = answer.substr(at, 7);
                    co_await asio::async_write(
                        socket, asio::buffer(slice), asio::redirect_error(asio::use_awaitable, problem)
                    );
                }
            }
        }
    }
    udp::socket udp_;
    tcp::acceptor acceptor_;
    Answers answers_;
};

/// 127.0.0.1, with these flags in the third and fourth byte.
std::string home(std::string asked, char flags = '\x84', char rcode = 0) {
    asked[2] = flags;
    asked[3] = rcode;
    asked[7] = 1;
    return asked + "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1"s;
}

Target api_at(const io::Endpoint& endpoint, std::string expected = "") {
    return {
        .type = core::CheckType::dns,
        .endpoint = endpoint,
        .limits = short_limits,
        .dns = {.name = "api.example.com", .expected = std::move(expected)},
    };
}

ASYNC_TEST(DnsCheck, AsksEachTimeWithAnotherIdAndPort) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, [](const std::string& asked, bool) { return std::vector{home(asked)}; });
    Looker looker(executor);
    const auto id = looker.prober().add(api_at(imposter.endpoint(), "127.0.0.1"));
    REQUIRE(id);
    for (int i = 0; i < 8; ++i) {
        const auto result = co_await looker.look(*id);
        EXPECT_EQ(result.observation, Observation::passed) << core::name(result.observation);
        EXPECT_EQ(result.status, 0);
        EXPECT_FALSE(result.reused);
        EXPECT_GT(result.first_answer, 0ns);
    }
    EXPECT_GE(imposter.ids.size(), 7U);  // two alike in eight: once in 2,300 runs
    EXPECT_GE(imposter.ports.size(), 2U);
    EXPECT_EQ(imposter.by_tcp, 0);
    imposter.close();
}

ASYNC_TEST(DnsCheck, SaysWhatWasWrong) {
    const auto executor = co_await asio::this_coro::executor;
    using Answers = Imposter::Answers;
    const struct {
        Answers answers;
        Observation expected;
        int rcode;
    } cases[] = {
        {[](const std::string& asked, bool) { return std::vector{home(asked, '\x84', 3)}; }, Observation::bad_status, 3
        },
        {[](const std::string& asked, bool) { return std::vector{home(asked).substr(0, asked.size() + 9)}; },
         Observation::bad_answer,
         0},
        {[](const std::string&, bool) { return std::vector<std::string>{}; }, Observation::answer_timed_out, 0},
    };
    for (const auto& [answers, expected, rcode] : cases) {
        Imposter imposter(executor, answers);
        const auto result = co_await look_once(api_at(imposter.endpoint()));
        EXPECT_EQ(result.observation, expected) << core::name(result.observation);
        EXPECT_EQ(result.status, rcode);
        imposter.close();
    }
    Imposter imposter(executor, [](const std::string& asked, bool) { return std::vector{home(asked)}; });
    const auto other = co_await look_once(api_at(imposter.endpoint(), "127.0.0.2"));
    EXPECT_EQ(other.observation, Observation::search_missing);
    const auto at = imposter.endpoint();
    imposter.close();
    const auto nobody = co_await look_once(api_at(at));
    EXPECT_EQ(nobody.observation, Observation::refused) << core::name(nobody.observation);
}

// Goal: what is no answer to the question neither passes nor fails a look; the answer behind it does. Method: three
// strangers' messages before it: another id, another name, an empty datagram.
ASYNC_TEST(DnsCheck, IgnoresWhatIsNotForIt) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, [](const std::string& asked, bool) {
        auto other_id = home(asked, '\x84', 2);
        other_id[0] = static_cast<char>(other_id[0] ^ 1);
        auto other_name = home(asked, '\x84', 2);
        other_name[13] = 'x';
        return std::vector{other_id, other_name, ""s, home(asked)};
    });
    const auto result = co_await look_once(api_at(imposter.endpoint(), "127.0.0.1"));
    EXPECT_EQ(result.observation, Observation::passed) << core::name(result.observation);
    imposter.close();
}

ASYNC_TEST(DnsCheck, AsksAgainOverTcpWhatWasTruncated) {
    const auto executor = co_await asio::this_coro::executor;
    Imposter imposter(executor, [](const std::string& asked, bool by_tcp) {
        return std::vector{home(asked, by_tcp ? '\x84' : '\x86')};
    });
    const auto result = co_await look_once(api_at(imposter.endpoint(), "127.0.0.1"));
    EXPECT_EQ(result.observation, Observation::passed) << core::name(result.observation);
    EXPECT_GT(result.connected, 0ns);
    EXPECT_EQ(imposter.by_tcp, 1);
    imposter.close();

    Imposter always(executor, [](const std::string& asked, bool) { return std::vector{home(asked, '\x86')}; });
    const auto cut = co_await look_once(api_at(always.endpoint()));
    EXPECT_EQ(cut.observation, Observation::bad_answer);
    always.close();

    Imposter shy(executor, [](const std::string& asked, bool by_tcp) {
        return by_tcp ? std::vector<std::string>{} : std::vector{home(asked, '\x86')};
    });
    const auto closed = co_await look_once(api_at(shy.endpoint()));
    EXPECT_EQ(closed.observation, Observation::closed) << core::name(closed.observation);
    shy.close();
}

}  // namespace
}  // namespace cloudshelf::probe
