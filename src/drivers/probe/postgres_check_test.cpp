// The conversation byte for byte, without a socket; the real server is in tests/integration/probes_livetest.cpp.
#include "drivers/probe/postgres_check.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

extern "C" int fuzz_postgres_check(const std::uint8_t* data, std::size_t size);

namespace cloudshelf::probe {
namespace {

using core::Observation;
using namespace std::string_literals;

std::string message(char type, const std::string& body) {
    const auto length = static_cast<unsigned>(body.size() + 4);
    return type + "\0\0"s + static_cast<char>(length >> 8) + static_cast<char>(length) + body;
}
std::string error(const std::string& code) {
    return message('E', "SFATAL\0VFATAL\0C"s + code + "\0Mno\0\0"s);
}

const std::string scram = message('R', "\0\0\0\x0aSCRAM-SHA-256\0\0"s);
const std::string trusted =
    message('R', "\0\0\0\0"s) + message('S', "server_version\00015.15\0"s) + message('K', "\0\0\1\2\0\0\3\4"s);
const std::string ready = message('Z', "I");

/// What the bytes amount to, said whole and byte by byte; nothing while more has to come.
std::optional<Observation> heard(const std::string& bytes, Secured secured = Secured::no) {
    const Script script = postgres_script({.secured = secured}).value();
    std::optional<Observation> seen;
    for (const std::size_t piece : {bytes.size(), std::size_t{1}}) {
        PostgresConversation conversation;
        conversation.begin(script);
        Turn turn = Turn::listen;
        for (std::size_t at = 0; at < bytes.size() && turn != Turn::over; at += piece)
            turn = conversation.heard(std::string_view(bytes).substr(at, piece));
        const auto found = turn == Turn::over ? std::optional(conversation.verdict()) : std::nullopt;
        if (piece != bytes.size()) {
            EXPECT_EQ(seen, found) << "whole and in pieces";
        }
        seen = found;
    }
    return seen;
}

TEST(PostgresCheck, SaysHello) {
    const Script plain = postgres_script({.postgres = {.user = "u", .database = "d"}}).value();
    EXPECT_EQ(
        plain.words,
        "\0\0\0\x1b\0\3\0\0user\0u\0database\0d\0\0"s.replace(3, 1, 1, static_cast<char>(plain.words.size()))
    );
    EXPECT_EQ(plain.words.size(), 8U + 7 + 11 + 1);
    const Script secured = postgres_script({.secured = Secured::yes}).value();
    EXPECT_EQ(secured.words, "\0\0\0\x08\x04\xd2\x16\x2f"s);
    EXPECT_TRUE(secured.words_secured.contains("cloudshelf_probe"));
}

TEST(PostgresCheck, PassesWhoeverAcceptsConnections) {
    EXPECT_EQ(heard(scram), Observation::passed);
    EXPECT_EQ(heard(message('R', "\0\0\0\5salt"s)), Observation::passed);
    EXPECT_EQ(heard(trusted), std::nullopt) << "not ready yet";
    EXPECT_EQ(heard(trusted + ready), Observation::passed);
    EXPECT_EQ(heard(error("28000")), Observation::passed) << "not in pg_hba.conf";
    EXPECT_EQ(heard(error("53300")), Observation::passed) << "too many connections, as pg_isready has it";
    EXPECT_EQ(heard(trusted + error("3D000")), Observation::passed) << "no such database";
    EXPECT_EQ(heard(message('v', "\0\0\0\0\0\0\0\0"s) + scram), Observation::passed) << "a newer server";
}

TEST(PostgresCheck, StartingUpAndShuttingDownAreNoAcceptance) {
    EXPECT_EQ(heard(error("57P03")), Observation::not_accepting);
    EXPECT_EQ(heard(error("57P03"), Secured::yes), Observation::not_accepting) << "said before any TLS";
    EXPECT_EQ(heard(trusted + error("57P03")), Observation::not_accepting);
}

TEST(PostgresCheck, OtherProtocolsAreABadAnswer) {
    for (const std::string& bytes :
         {"HTTP/1.1 400 Bad Request\r\n"s,
          "SSH-2.0-OpenSSH_9.2\r\n"s,
          message('R', "\0\0"s),
          message('R', "\0\0\0\x0c"s),  // the end of a sign-in that was never begun
          message('E', "SFATAL\0\0"s),
          message('E', "SFATAL\0C57P03"s),
          message('Z', "I"),  // before any sign-in
          trusted + message('Z', ""),
          "R\0\0\0\3"s,
          "R\0\0\x20\0"s,
          "E\xff\xff\xff\xff"s})
        EXPECT_EQ(heard(bytes), Observation::bad_answer) << bytes;
    std::string endless = trusted;
    while (endless.size() <= PostgresConversation::all_bytes_max) endless += message('N', std::string(1000, 'x'));
    EXPECT_EQ(heard(endless), Observation::bad_answer);
}

TEST(PostgresCheck, NothingIsTakenBetweenTheClearAndTls) {
    const Script script = postgres_script({.secured = Secured::yes}).value();
    PostgresConversation conversation;
    conversation.begin(script);
    EXPECT_EQ(conversation.words(), script.words);
    EXPECT_EQ(conversation.heard("S"), Turn::secure);
    EXPECT_EQ(conversation.words(), script.words_secured);
    EXPECT_EQ(conversation.heard(scram), Turn::over);
    EXPECT_EQ(conversation.verdict(), Observation::passed);

    conversation.begin(script);
    EXPECT_EQ(conversation.heard("S" + scram), Turn::over);
    EXPECT_EQ(conversation.verdict(), Observation::bad_answer) << "CVE-2021-23222";
    EXPECT_EQ(heard("N", Secured::yes), Observation::tls_failed);
    EXPECT_EQ(heard("?", Secured::yes), Observation::bad_answer);
}

TEST(PostgresCheckFuzz, BentAnswersReadTheSameWholeAndInPieces) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::string starts[] = {scram, trusted + ready, error("57P03"), "S" + scram};
    for (int round = 0; round < 5'000; ++round) {
        std::string input = "?" + starts[random.below(4)];
        for (std::uint64_t bent = random.below(5); bent > 0; --bent)
            input[random.below(input.size())] = static_cast<char>(random.below(256));
        fuzz_postgres_check(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    }
}

}  // namespace
}  // namespace cloudshelf::probe
