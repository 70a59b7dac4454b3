#include "drivers/dns/dns.hpp"

#include "base/random.hpp"
#include "drivers/dns/contract_test.hpp"
#include "drivers/dns/fake.hpp"
#include "drivers/dns/packet.hpp"
#include "drivers/dns/resolver.hpp"
#include "support/async.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <deque>
#include <random>

namespace cloudshelf::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using namespace std::chrono_literals;

const Server server{
    .endpoint = {"127.57.0.1", 1}, .zone = "example.com", .key_name = "agent", .key = "MDEyMzQ1Njc4OWFiY2RlZg=="
};

Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// A record whose owner is the question's name.
Bytes a_record(std::uint32_t ttl, std::uint8_t last) {
    const auto byte = [ttl](int shift) { return static_cast<std::uint8_t>(ttl >> shift); };
    return {0xc0, 12, 0, 1, 0, 1, byte(24), byte(16), byte(8), byte(0), 0, 4, 127, 0, 0, last};
}

/// The question turned into an answer.
Bytes answer_to(const Bytes& asked, std::uint8_t records, const Bytes& rest, std::uint8_t rcode = 0) {
    Bytes bytes = asked;
    bytes[2] |= 0x84;  // an answer, authoritative
    bytes[3] = rcode;
    bytes[7] = records;
    return bytes + rest;
}

Bytes asked_for_api() {
    return question("api.example.com", "A").value();
}

class FakeSubject : public contract::Subject {
public:
    io::Task<Result<Version>> read_version() override { co_return fake_.read_version(); }
    io::Task<Result<Answer>> query(std::string name, std::string type) override { co_return fake_.query(name, type); }
    io::Task<Result<void>> compare_and_swap(Version expected, Version next, std::vector<RecordSet> records) override {
        co_return fake_.compare_and_swap(expected, next, records);
    }
    io::Task<Result<void>> apply(Version version, std::vector<RecordSet> records) override {
        co_return fake_.apply(version, records);
    }

private:
    FakeNameserver fake_{"example.com", contract::api("127.0.0.1")};
};

ASYNC_TEST(FakeNameserver, KeepsTheContract) {
    FakeSubject subject;
    co_await contract::check(&subject);
}

TEST(FakeNameserver, IsAwayInThreeWays) {
    FakeNameserver fake("example.com", contract::api("127.0.0.1"));
    const std::pair<FakeNameserver::State, Certainty> ways[] = {
        {FakeNameserver::State::stopped, Certainty::not_done},
        {FakeNameserver::State::silent, Certainty::unknown},
        {FakeNameserver::State::silent_answer, Certainty::unknown},
    };
    for (const auto& [state, certainty] : ways) {
        fake.become(state);
        const auto swapped = fake.compare_and_swap({0, 0}, {1, 0}, contract::api("127.0.0.2"));
        ASSERT_FALSE(swapped);
        EXPECT_EQ(swapped.error().certainty, certainty);
    }
    fake.become(FakeNameserver::State::running);
    EXPECT_EQ(fake.read_version()->epoch, 1u);  // the last one did it
}

// Goal: only the exact form is a version; anything else could never be matched by a prerequisite.
TEST(Version, IsReadStrictly) {
    EXPECT_EQ(parse_version("epoch=7 change=2"), (Version{7, 2}));
    for (const char* bad :
         {"",
          "epoch=7",
          "epoch=7 change=",
          "epoch=7 change=2 ",
          "epoch=07 change=2",
          "epoch=-1 change=2",
          "epoch=7  change=2",
          "epoch=99999999999999999999 change=1",
          "Epoch=7 change=2",
          "change=2"})
        EXPECT_FALSE(parse_version(bad)) << bad;
    EXPECT_LT((Version{1, 9}), (Version{2, 0}));
}

// Goal: a change that would harm the zone is refused before anything is sent.
TEST(Check, RefusesWhatMustNotBeSent) {
    const auto code = [](std::string name, std::string type, std::vector<std::string> values, std::uint32_t ttl = 1) {
        const std::vector<RecordSet> records = {{std::move(name), std::move(type), ttl, std::move(values)}};
        return contract::code(check("example.com", records));
    };
    EXPECT_EQ(code("api.example.com", "A", {"127.0.0.1"}), "done");
    EXPECT_EQ(code("API.Example.Com.", "AAAA", {"::1"}), "done");
    EXPECT_EQ(code("w.example.com", "CNAME", {"api.example.com"}), "done");
    EXPECT_EQ(code("api.example.com", "A", {}), "dns.empty");
    for (const char* address : {"999.1.1.1", "", "127.0.0.1 ; x", "localhost", "1.2.3", "127.0.0.1\n"})
        EXPECT_EQ(code("api.example.com", "A", {address}), "dns.bad-record") << address;
    for (const char* name :
         {"api.other.com",
          "example.com.evil",
          "xexample.com",
          "*.example.com",
          "a b.example.com",
          "_plan.example.com",
          "_PLAN.example.com.",
          "a..example.com",
          "b\xc3\xbc.example.com"})
        EXPECT_EQ(code(name, "A", {"127.0.0.1"}), "dns.bad-record") << name;
    EXPECT_EQ(code(std::string(64, 'a') + ".example.com", "A", {"127.0.0.1"}), "dns.bad-record");
    EXPECT_EQ(code("t.example.com", "TXT", {std::string(256, 'a')}), "dns.bad-record");
    EXPECT_EQ(code("t.example.com", "TXT", {"a\" \"b"}), "dns.bad-record");
    EXPECT_EQ(code("m.example.com", "MX", {"10 mail.example.com"}), "dns.bad-record");
    EXPECT_EQ(code("api.example.com", "A", {"127.0.0.1"}, 1u << 31), "dns.bad-record");
    EXPECT_EQ(code("w.example.com", "CNAME", {"a.example.com", "b.example.com"}), "dns.bad-record");
    const RecordSet a{.name = "w.example.com", .type = "A", .values = {"127.0.0.1"}};
    const RecordSet cname{.name = "W.example.com", .type = "CNAME", .values = {"api.example.com"}};
    EXPECT_EQ(contract::code(check("example.com", {a, cname})), "dns.bad-record");
    EXPECT_EQ(contract::code(check("example.com", {a, a})), "dns.bad-record");
}

TEST(Answer, IsRead) {
    const Bytes asked = asked_for_api();
    const auto parsed = parse_answer(asked, answer_to(asked, 2, a_record(60, 1) + a_record(30, 2)), "A");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->answer.values, (std::vector<std::string>{"127.0.0.1", "127.0.0.2"}));
    EXPECT_EQ(parsed->answer.ttl, 30u);
    const auto failed = parse_answer(asked, answer_to(asked, 0, {}, 2), "A");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->rcode, 2);
    const auto odd = parse_answer(asked, answer_to(asked, 1, a_record(0x80000000, 1)), "A");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->answer.ttl, 0u);
    Bytes cut = answer_to(asked, 5, a_record(60, 1));
    cut[2] |= 0x02;
    const auto truncated = parse_answer(asked, cut, "A");
    ASSERT_TRUE(truncated);
    EXPECT_TRUE(truncated->truncated);
}

// Goal: what is no answer to this question is ignored, and what was not asked for is not believed.
TEST(Answer, IgnoresWhatIsNone) {
    const Bytes asked = asked_for_api();
    const Bytes good = answer_to(asked, 1, a_record(60, 1));
    ASSERT_TRUE(parse_answer(asked, good, "A"));
    const auto changed = [&](std::size_t at, std::uint8_t value) {
        Bytes bytes = good;
        bytes[at] = value;
        return bytes;
    };
    const std::size_t record = asked.size();
    const std::pair<const char*, Bytes> bad[] = {
        {"nothing", {}},
        {"half a header", Bytes(good.begin(), good.begin() + 7)},
        {"another id", changed(0, static_cast<std::uint8_t>(good[0] ^ 1))},
        {"a question", changed(2, 0)},
        {"another opcode", changed(2, 0xac)},
        {"another name", changed(13, 'x')},
        {"another type", changed(asked.size() - 3, 28)},
        {"no question", changed(5, 0)},
        {"more records than there are", changed(7, 9)},
        {"a pointer to itself", changed(record + 1, static_cast<std::uint8_t>(record))},
        {"a label of 64", changed(12, 64)},
        {"data beyond the end", changed(record + 11, 200)},
        {"cut", Bytes(good.begin(), good.end() - 1)},
    };
    for (const auto& [what, bytes] : bad) EXPECT_FALSE(parse_answer(asked, bytes, "A")) << what;
    const auto forward = parse_answer(asked, changed(record + 1, static_cast<std::uint8_t>(record + 4)), "A");
    EXPECT_TRUE(!forward || forward->answer.values.empty()) << "a pointer forward";

    // An address of another name, put beside: 1 byte label "x" below the question's name.
    const Bytes other = Bytes{1, 'x'} + a_record(60, 66);
    const auto parsed = parse_answer(asked, answer_to(asked, 2, other + a_record(60, 1)), "A");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->answer.values, std::vector<std::string>{"127.0.0.1"});
}

// Goal: no bytes make the parser fall over (worth more under asan). Method: random changes to good packets.
TEST(Answer, SurvivesRandomBytes) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const Bytes asked = asked_for_api();
    auto made = update(server, {1, 0}, {1, 1}, contract::api("127.0.0.1"));
    ASSERT_TRUE(made);
    const Bytes seeds[] = {answer_to(asked, 2, a_record(60, 1) + a_record(30, 2)), answer_to(made->wire, 0, {})};
    for (int i = 0; i < 20000; ++i) {
        Bytes bytes = seeds[random.below(2)];
        for (std::uint64_t changes = 1 + random.below(6); changes > 0; --changes)
            bytes[2 + random.below(bytes.size() - 2)] = static_cast<std::uint8_t>(random.next());
        if (random.below(4) == 0) bytes.resize(random.below(bytes.size() + 1));
        (void)parse_answer(asked, bytes, "A");
        EXPECT_FALSE(is_signed_by(bytes, server, made->mac));
    }
}

TEST(Update, IsDifferentEachTime) {
    const auto first = update(server, {1, 0}, {1, 1}, contract::api("127.0.0.1"));
    ASSERT_TRUE(first);
    bool differs = false;
    for (int i = 0; i < 4 && !differs; ++i) differs = update(server, {1, 0}, {1, 1}, {})->wire[0] != first->wire[0];
    EXPECT_TRUE(differs) << "five packets with the same id";
    Server keyless = server;
    keyless.key = "no base64!";
    EXPECT_FALSE(update(keyless, {1, 0}, {1, 1}, {}));
}

/// A nameserver of a few lines, whose answers the test chooses. Both sockets close when it goes.
class Scripted {
public:
    using Script = std::function<std::vector<Bytes>(const Bytes& asked)>;
    Scripted(io::Executor executor, Script script) : state_(std::make_shared<State>(executor, std::move(script))) {
        asio::co_spawn(executor, serve(state_), asio::detached);
    }
    ~Scripted() { state_->socket.close(); }
    Scripted(const Scripted&) = delete;
    Scripted& operator=(const Scripted&) = delete;
    io::Endpoint endpoint() const { return {"127.57.0.2", state_->socket.local_endpoint().port()}; }
    int asked() const { return state_->asked; }

private:
    struct State {
        State(const io::Executor& executor, Script chosen)
            : socket(executor, {asio::ip::make_address("127.57.0.2"), 0}), script(std::move(chosen)) {}
        udp::socket socket;
        Script script;
        int asked = 0;
    };
    static io::Task<void> serve(std::shared_ptr<State> state) {
        for (;;) {
            Bytes bytes(4096);
            udp::endpoint from;
            boost::system::error_code bad;
            const auto size = co_await state->socket.async_receive_from(
                asio::buffer(bytes), from, asio::redirect_error(asio::use_awaitable, bad)
            );
            if (bad) co_return;
            bytes.resize(size);
            ++state->asked;
            for (const auto& answer : state->script(bytes)) state->socket.send_to(asio::buffer(answer), from);
        }
    }
    std::shared_ptr<State> state_;
};

Scripted::Script says(std::uint32_t ttl, std::uint8_t last) {
    return [=](const Bytes& asked) { return std::vector<Bytes>{answer_to(asked, 1, a_record(ttl, last))}; };
}

Scripted::Script says_nothing() {
    return [](const Bytes&) { return std::vector<Bytes>{}; };
}

// Goal: an answer is believed for its TTL and no longer, and asked for once by many at the same time.
ASYNC_TEST(Resolver, AsksOncePerTtl) {
    const auto executor = co_await asio::this_coro::executor;
    Scripted nameserver(executor, says(1, 9));
    Resolver resolver({nameserver.endpoint()});
    int answered = 0;
    for (int i = 0; i < 50; ++i) {
        asio::co_spawn(
            executor,
            resolver.resolve("api.example.com", io::Deadline::after(2s)),
            [&](std::exception_ptr, const Result<Resolver::Resolved>& result) { answered += result ? 1 : 0; }
        );
    }
    const auto first = co_await resolver.resolve("api.example.com", io::Deadline::after(2s));
    REQUIRE(first);
    EXPECT_EQ(first->addresses, std::vector<std::string>{"127.0.0.9"});
    EXPECT_EQ(first->server, nameserver.endpoint());
    while (answered < 50) co_await io::wait_for(1ms);
    EXPECT_EQ(nameserver.asked(), 1);
    Result<Resolver::Resolved> latest = first;
    while (latest && latest->expires == first->expires) {
        EXPECT_LT(io::now(), first->expires + 50ms) << "an answer was believed beyond its TTL";
        co_await io::wait_for(5ms);
        latest = co_await resolver.resolve("api.example.com", io::Deadline::after(2s));
    }
    EXPECT_EQ(nameserver.asked(), 2);
}

// Goal: a dead and a silent server cost little, once; broken and malicious answers cost nothing.
ASYNC_TEST(Resolver, GoesOnToTheNextServer) {
    const auto executor = co_await asio::this_coro::executor;
    Scripted silent(executor, says_nothing());
    Scripted broken(executor, [](const Bytes& asked) {
        Bytes other_id = answer_to(asked, 1, a_record(60, 66));
        other_id[0] ^= 1;
        return std::vector<Bytes>{other_id, {}, Bytes(600, 0xc0), answer_to(asked, 0, {}, 2)};
    });
    Scripted good(executor, [](const Bytes& asked) {
        Bytes forged = answer_to(asked, 1, a_record(60, 66));
        forged[13] = 'x';
        return std::vector<Bytes>{forged, answer_to(asked, 1, a_record(0, 1))};
    });
    Resolver resolver({{"127.57.0.2", 1}, silent.endpoint(), broken.endpoint(), good.endpoint()}, 50ms);
    const TimePoint begin = io::now();
    const auto answer = co_await resolver.resolve("api.example.com", io::Deadline::after(5s));
    REQUIRE(answer);
    EXPECT_EQ(answer->addresses, std::vector<std::string>{"127.0.0.1"});
    EXPECT_GE(io::now() - begin, 50ms);
    EXPECT_LT(io::now() - begin, 2s);
    const auto again = co_await resolver.resolve("api.example.com", io::Deadline::after(5s));
    REQUIRE(again);
    EXPECT_EQ(silent.asked(), 1) << "it did not remember who answered";
    EXPECT_EQ(good.asked(), 2) << "TTL 0 is not kept";
}

ASYNC_TEST(Resolver, SaysWhenNobodyAnswers) {
    const auto executor = co_await asio::this_coro::executor;
    Scripted silent(executor, says_nothing());
    Resolver resolver({silent.endpoint()}, 20ms);
    const auto none = co_await resolver.resolve("api.example.com", io::Deadline::after(2s));
    REQUIRE(!none);
    EXPECT_EQ(none.error().code, "dns.no-answer");
    Scripted empty(executor, [](const Bytes& asked) { return std::vector<Bytes>{answer_to(asked, 0, {}, 3)}; });
    Resolver other({empty.endpoint()});
    const auto nothing = co_await other.resolve("api.example.com", io::Deadline::after(2s));
    REQUIRE(!nothing);
    EXPECT_EQ(nothing.error().code, "dns.no-name");
}

// Goal: whoever asks may be cancelled; the others still get their answer.
ASYNC_TEST(Resolver, OutlivesACancelledQuestion) {
    using namespace asio::experimental::awaitable_operators;
    const auto executor = co_await asio::this_coro::executor;
    int question_number = 0;
    Scripted nameserver(executor, [&](const Bytes& asked) {
        if (++question_number == 1) return std::vector<Bytes>{};
        return std::vector<Bytes>{answer_to(asked, 1, a_record(60, 1))};
    });
    Resolver resolver({nameserver.endpoint()}, 10s);
    asio::steady_timer soon(executor, 30ms);
    auto leader = resolver.resolve("api.example.com", io::Deadline::after(10s));
    auto cancelled = std::move(leader) || soon.async_wait(asio::use_awaitable);
    bool follower_answered = false;
    asio::steady_timer later(executor, 10ms);
    later.async_wait([&](auto) {
        asio::co_spawn(
            executor,
            resolver.resolve("api.example.com", io::Deadline::after(5s)),
            [&](std::exception_ptr, const Result<Resolver::Resolved>& result) { follower_answered = bool(result); }
        );
    });
    const auto raced = co_await std::move(cancelled);
    EXPECT_EQ(raced.index(), 1u);
    const auto deadline = io::Deadline::after(2s);
    while (!follower_answered && !deadline.passed()) co_await io::wait_for(1ms);
    EXPECT_TRUE(follower_answered);
}

io::Task<void> answer_over_tcp(tcp::acceptor* acceptor) {
    boost::system::error_code bad;
    tcp::socket socket = co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, bad));
    if (bad) co_return;
    Bytes length(2);
    co_await asio::async_read(socket, asio::buffer(length), asio::use_awaitable);
    Bytes asked(static_cast<std::size_t>(length[0] << 8 | length[1]));
    co_await asio::async_read(socket, asio::buffer(asked), asio::use_awaitable);
    const Bytes answer = answer_to(asked, 1, a_record(60, 7));
    const Bytes framed = Bytes{0, static_cast<std::uint8_t>(answer.size())} + answer;
    co_await asio::async_write(socket, asio::buffer(framed), asio::use_awaitable);
}

ASYNC_TEST(Query, UsesTcpWhenTheAnswerIsCut) {
    const auto executor = co_await asio::this_coro::executor;
    Scripted nameserver(executor, [](const Bytes& asked) {
        Bytes cut = answer_to(asked, 9, {});
        cut[2] |= 0x02;
        return std::vector<Bytes>{cut};
    });
    const io::Endpoint endpoint = nameserver.endpoint();
    tcp::acceptor acceptor(executor, {asio::ip::make_address(endpoint.address), endpoint.port});
    asio::co_spawn(executor, answer_over_tcp(&acceptor), asio::detached);
    const auto answer = co_await query(endpoint, "api.example.com", "A", io::Deadline::after(2s));
    REQUIRE(answer);
    EXPECT_EQ(answer->values, std::vector<std::string>{"127.0.0.7"});
}

// Goal: what apply() may say when the server does not play along.
ASYNC_TEST(Apply, TellsNotDoneFromUnknown) {
    const auto executor = co_await asio::this_coro::executor;
    Server away = server;
    away.endpoint = {"127.57.0.2", 1};
    const auto nobody =
        co_await apply(away, contract::at(1, 0), contract::api("127.0.0.1"), io::Deadline::after(100ms));
    REQUIRE(!nobody);
    EXPECT_EQ(nobody.error().code, "dns.no-answer");
    EXPECT_EQ(nobody.error().certainty, Certainty::not_done);

    // Answers questions, and is silent about updates.
    Scripted half(executor, [](const Bytes& asked) {
        if ((asked[2] & 0x78) != 0) return std::vector<Bytes>{};
        const std::string version = text(Version{0, 0});
        Bytes record = {
            0xc0,
            12,
            0,
            16,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            static_cast<std::uint8_t>(version.size() + 1),
            static_cast<std::uint8_t>(version.size())
        };
        record.insert(record.end(), version.begin(), version.end());
        return std::vector<Bytes>{answer_to(asked, 1, record)};
    });
    away.endpoint = half.endpoint();
    const auto unknown =
        co_await apply(away, contract::at(1, 0), contract::api("127.0.0.1"), io::Deadline::after(200ms));
    REQUIRE(!unknown);
    EXPECT_EQ(unknown.error().code, "dns.no-answer");
    EXPECT_EQ(unknown.error().certainty, Certainty::unknown);
}

// Goal: an answer to an update that the server did not sign proves nothing, whatever it says.
ASYNC_TEST(CompareAndSwap, BelievesSignedAnswersOnly) {
    const auto executor = co_await asio::this_coro::executor;
    for (const std::uint8_t rcode : {0, 8}) {
        Scripted forger(executor, [rcode](const Bytes& asked) {
            Bytes bare = answer_to(asked, 0, {}, rcode);
            return std::vector<Bytes>{Bytes(bare.begin(), bare.begin() + 4) + Bytes(8, 0)};
        });
        Server forged = server;
        forged.endpoint = forger.endpoint();
        const auto swapped = co_await compare_and_swap(
            forged, contract::at(0, 0), contract::at(1, 0), contract::api("127.0.0.2"), io::Deadline::after(2s)
        );
        REQUIRE(!swapped);
        EXPECT_EQ(swapped.error().code, "dns.no-answer");
        EXPECT_EQ(swapped.error().certainty, Certainty::unknown);
    }
}

}  // namespace
}  // namespace cloudshelf::dns
