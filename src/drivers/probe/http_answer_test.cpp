#include "drivers/probe/http_answer.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

extern "C" int fuzz_http_answer(const std::uint8_t* data, std::size_t size);

namespace cloudshelf::probe {
namespace {

using Progress = HttpAnswer::Progress;

constexpr std::size_t all_of_it = 1 << 20;

/// Reads bytes in pieces of one, of seven, and whole, and expects the same each time.
struct Reading {
    Progress progress{};
    int status = 0;
    std::string body;
    bool reusable = false;
    friend bool operator==(const Reading&, const Reading&) = default;
};
Reading read(std::string_view bytes, bool closes = false, std::size_t wanted = all_of_it) {
    std::vector<Reading> readings;
    for (const std::size_t piece : {bytes.size(), std::size_t{7}, std::size_t{1}}) {
        HttpAnswer answer;
        answer.reset(wanted);
        Progress progress = Progress::more;
        for (std::size_t at = 0; at < bytes.size() && progress == Progress::more; at += piece)
            progress = answer.feed(bytes.substr(at, piece));
        if (closes && progress == Progress::more) progress = answer.end();
        readings.push_back({progress, answer.status(), std::string(answer.body()), answer.reusable()});
    }
    EXPECT_EQ(readings[0].progress, readings[1].progress) << bytes;
    EXPECT_EQ(readings[1], readings[2]) << bytes;
    return readings[0];
}

TEST(HttpAnswer, ReadsABodyWithALength) {
    const auto answer = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(answer, (Reading{Progress::done, 200, "ok", true}));
}

TEST(HttpAnswer, ReadsChunksWithExtensionsAndTrailers) {
    const auto answer = read(
        "HTTP/1.1 404 Not Found\r\ntransfer-encoding: Chunked\r\n\r\n"
        "5;x=\"y\"\r\nhello\r\n00b\r\n and good b\r\n0\r\nX-Sum: 1\r\n\r\n"
    );
    EXPECT_EQ(answer, (Reading{Progress::done, 404, "hello and good b", true}));
}

TEST(HttpAnswer, ReadsUntilTheEndWithoutALength) {
    EXPECT_EQ(read("HTTP/1.0 200\r\n\r\nall of it").progress, Progress::more);
    EXPECT_EQ(read("HTTP/1.0 200\r\n\r\nall of it", true), (Reading{Progress::done, 200, "all of it", false}));
}

TEST(HttpAnswer, SkipsInterimAnswers) {
    const auto answer = read("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(answer, (Reading{Progress::done, 204, "", true}));
    std::string many;
    for (int i = 0; i <= HttpAnswer::interim_answers_max; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(read(many).progress, Progress::bad);
    EXPECT_EQ(read("HTTP/1.1 101 Switching Protocols\r\n\r\n").progress, Progress::bad);
}

TEST(HttpAnswer, IsNotReusableWhenItSaysSoOrMoreCame) {
    EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n").reusable);
    EXPECT_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").reusable);
    HttpAnswer answer;
    answer.reset(all_of_it);
    EXPECT_EQ(answer.feed("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\n"), Progress::done);
    EXPECT_FALSE(answer.reusable());
}

TEST(HttpAnswer, StopsWhereEnoughOfTheBodyCame) {
    EXPECT_EQ(
        read("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", false, 0), (Reading{Progress::done, 200, "", false})
    );
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 0), (Reading{Progress::done, 200, "", true}));
    HttpAnswer answer;
    answer.reset(10'000);
    EXPECT_EQ(answer.feed("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n"), Progress::more);
    EXPECT_TRUE(answer.head_done());
    EXPECT_EQ(answer.feed(std::string(9'999, 'x')), Progress::more);
    EXPECT_EQ(answer.feed("x"), Progress::done);
    EXPECT_EQ(answer.body().size(), core::search_bytes_max);
    EXPECT_FALSE(answer.reusable());
}

TEST(HttpAnswer, KnowsAnEncodedBody) {
    HttpAnswer answer;
    answer.reset(0);
    answer.feed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    EXPECT_TRUE(answer.encoded());
}

// Goal: what RFC 9112 forbids, or lets readers disagree about, is refused. Each is one thing away from a good answer.
TEST(HttpAnswer, RefusesWhatIsNoAnswer) {
    for (const std::string bad : {
             "HTTP/2 200 OK\r\n",
             "http/1.1 200 OK\r\n",
             "HTTP/1.1  200 OK\r\n",
             "HTTP/1.1 2000 OK\r\n",
             "HTTP/1.1 20 OK\r\n",
             "HTTP/1.1 +20 OK\r\n",
             "HTTP/1.1 099 OK\r\n",
             "HTTP/1.1 600 OK\r\n",
             "HTTP/1.1 200 OK\n",
             "HTTP/1.1 200 O\rK\r\n",
             "\r\nHTTP/1.1 200 OK\r\n",
             "SSH-2.0-OpenSSH_9.2\r\n",
         })
        EXPECT_EQ(read(bad).progress, Progress::bad) << bad;
    const std::string good = "HTTP/1.1 200 OK\r\n";
    for (const std::string bad : {
             "Content-Length: 2\nX: y\r\n\r\nok",
             "Content-Length : 2\r\n\r\nok",
             "Content-Length: -2\r\n\r\n",
             "Content-Length: +2\r\n\r\nok",
             "Content-Length: 2, 2\r\n\r\nok",
             "Content-Length: 0x2\r\n\r\nok",
             "Content-Length:\r\n\r\n",
             "Content-Length: 9999999999999999999\r\n\r\n",
             "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
             "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
             "Transfer-Encoding: gzip\r\n\r\n",
             "Transfer-Encoding: gzip, chunked\r\n\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
             "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
             "Transfer-Encoding: chunked\r\n\r\n0x1\r\n",
             "Transfer-Encoding: chunked\r\n\r\n\r\n",
             "Transfer-Encoding: chunked\r\n\r\n123456789\r\n",
             "Transfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n",
             "X: y\r\n folded\r\n\r\n",
             ": y\r\n\r\n",
             "no colon\r\n\r\n",
             "X y: z\r\n\r\n",
             "X: \x01\r\n\r\n",
         })
        EXPECT_EQ(read(good + bad).progress, Progress::bad) << bad;
    EXPECT_EQ(read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").progress, Progress::bad);
    EXPECT_EQ(read(good + "X: " + std::string("\0", 1) + "\r\n\r\n").progress, Progress::bad);
}

TEST(HttpAnswer, HasLimits) {
    const std::string good = "HTTP/1.1 200 OK\r\n";
    EXPECT_EQ(read(good + "X: " + std::string(HttpAnswer::line_bytes_max, 'x')).progress, Progress::bad);
    std::string many = good;
    while (many.size() <= HttpAnswer::head_bytes_max) many += "X: " + std::string(100, 'x') + "\r\n";
    EXPECT_EQ(read(many).progress, Progress::bad);
}

TEST(HttpAnswer, CutShortIsBad) {
    const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_EQ(read(good.substr(0, size), true).progress, Progress::bad) << size;
}

// Goal: no bytes make the two readings of the fuzzer disagree. Method: its entry, with answers broken at random.
TEST(HttpAnswer, SurvivesBrokenAnswers) {
    const auto seed = static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->start_timestamp());
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::vector<std::string> good{
        "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.0 503 Unavailable\r\nContent-Encoding: gzip\r\n\r\nall the rest",
    };
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = good[random.below(good.size())];
        for (std::uint64_t change = random.below(4); change > 0; --change) {
            const std::size_t at = random.below(bytes.size());
            if (random.below(2) == 0)
                bytes[at] = static_cast<char>(random.below(256));
            else if (random.below(2) == 0)
                bytes.erase(at, 1 + random.below(4));
            else
                bytes.insert(at, bytes.substr(random.below(at + 1), random.below(20)));
            if (bytes.empty()) bytes = "x";
        }
        bytes.insert(0, {static_cast<char>(random.below(256)), static_cast<char>(random.below(256))});
        fuzz_http_answer(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
}

}  // namespace
}  // namespace cloudshelf::probe
