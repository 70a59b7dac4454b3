#include "drivers/probe/dns_message.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

extern "C" int fuzz_dns_message(const std::uint8_t* data, std::size_t size);

namespace cloudshelf::probe {
namespace {

using enum DnsReading::Says;
using namespace std::string_literals;

const std::string api = "\3api\7example\3com\0"s;

std::string question(DnsType type = DnsType::a) {
    auto made = dns_question("api.example.com", type).value();
    made[0] = '\x12';
    made[1] = '\x34';
    return made;
}

std::string record(const std::string& owner, char type, const std::string& data, char class_ = 1) {
    return owner + "\0"s + type + "\0"s + class_ + "\0\0\0\x3c\0"s + static_cast<char>(data.size()) + data;
}

/// An answer to `asked` with these records.
std::string answer(const std::string& asked, const std::vector<std::string>& records, int rcode = 0) {
    std::string made = asked;
    made[2] = '\x84';
    made[3] = static_cast<char>(rcode);
    made[7] = static_cast<char>(records.size());
    for (const auto& each : records) made += each;
    return made;
}

DnsReading::Says says(const std::string& received, const std::string& expected = "", DnsType type = DnsType::a) {
    return read_dns_answer(question(type), received, dns_data(type, expected).value()).says;
}

const std::string to_question = "\xc0\x0c"s;
const std::string home = "\x7f\0\0\1"s;

TEST(DnsMessage, WritesAQuestion) {
    EXPECT_EQ(
        dns_question("api.example.com.", DnsType::txt).value(), "\0\0\1\0\0\1\0\0\0\0\0\0"s + api + "\0\x10\0\1"s
    );
    for (const std::string& name : {""s, ".."s, "a..b"s, ".a"s, "a b"s, std::string(64, 'a'), "a.b.."s})
        EXPECT_EQ(dns_question(name, DnsType::a).error().code, "probe.bad-target") << name;
    EXPECT_EQ(dns_question(".", DnsType::soa).value().size(), 12U + 1 + 4) << "the root is a name";
    std::string longest;
    for (int i = 0; i < 127; ++i) longest += "a.";
    EXPECT_TRUE(dns_question(longest, DnsType::a));
    EXPECT_FALSE(dns_question(longest + "a", DnsType::a));
}

TEST(DnsMessage, ReadsWhatWasAskedFor) {
    const std::string asked = question();
    const std::string good = answer(asked, {record(to_question, 1, home)});
    EXPECT_EQ(says(good), wanted);
    EXPECT_EQ(says(good, "127.0.0.1"), wanted);
    EXPECT_EQ(says(good, "127.0.0.2"), other);
    EXPECT_EQ(says(answer(asked, {record(to_question, 1, "\1\2\3\4"), record(api, 1, home)}), "127.0.0.1"), wanted);
    EXPECT_EQ(says(answer(asked, {})), other);
    EXPECT_EQ(says(answer(asked, {record("\3API\7Example\3com\0"s, 1, home)})), wanted);
    EXPECT_EQ(says(answer(asked, {record("\3www\xc0\x10"s, 1, home)})), other) << "another name";
    EXPECT_EQ(says(answer(asked, {record(to_question, 1, home, 3)})), other) << "another class";

    const auto aaaa = answer(question(DnsType::aaaa), {record(to_question, 28, std::string(15, '\0') + '\1')});
    EXPECT_EQ(says(aaaa, "::1", DnsType::aaaa), wanted);
    const auto txt = answer(question(DnsType::txt), {record(to_question, 16, "\7epoch=7\2 x"s)});
    EXPECT_EQ(says(txt, "epoch=7 x", DnsType::txt), wanted);
    EXPECT_EQ(says(txt, "epoch=7", DnsType::txt), other);
    EXPECT_EQ(says(txt, "epoch=7 xy", DnsType::txt), other);
    const auto soa_data = "\2ns\xc0\x10\4root\xc0\x10"s + "\0\0\0\7"s + std::string(16, '\1');
    const auto soa = answer(question(DnsType::soa), {record(to_question, 6, soa_data)});
    EXPECT_EQ(says(soa, "7", DnsType::soa), wanted);
    EXPECT_EQ(says(soa, "8", DnsType::soa), other);
}

TEST(DnsMessage, FollowsCnamesInTheirOrder) {
    const std::string asked = question();
    const std::string www = "\3www\xc0\x10"s;
    EXPECT_EQ(says(answer(asked, {record(to_question, 5, www), record(www, 1, home)}), "127.0.0.1"), wanted);
    EXPECT_EQ(says(answer(asked, {record(www, 1, home), record(to_question, 5, www)})), other);
}

TEST(DnsMessage, IgnoresWhatIsNoAnswerToIt) {
    const std::string good = answer(question(), {record(to_question, 1, home)});
    const auto changed = [&](std::size_t at, char to) {
        std::string made = good;
        made[at] = to;
        return says(made);
    };
    EXPECT_EQ(changed(0, 'x'), not_ours);     // another id
    EXPECT_EQ(changed(2, '\x01'), not_ours);  // a question
    EXPECT_EQ(changed(2, '\xa8'), not_ours);  // another kind of message
    EXPECT_EQ(changed(5, 2), not_ours);       // two questions
    EXPECT_EQ(changed(13, 'b'), not_ours);    // about another name
    EXPECT_EQ(changed(30, 28), not_ours);     // another type
    EXPECT_EQ(changed(2, '\x86'), truncated);
    EXPECT_EQ(says("short"), not_ours);
}

TEST(DnsMessage, TellsErrors) {
    const auto reading = read_dns_answer(question(), answer(question(), {}, 3), "");
    EXPECT_EQ(reading.says, error);
    EXPECT_EQ(reading.rcode, 3);
    // FORMERR of a server that could not read the question.
    EXPECT_EQ(says("\x12\x34\x80\1\0\0\0\0\0\0\0\0"s), error);
}

TEST(DnsMessage, RefusesNonsense) {
    const std::string asked = question();
    EXPECT_EQ(says(answer(asked, {record(to_question, 1, "\1\2\3")})), malformed) << "three bytes of address";
    const std::string good = answer(asked, {record(to_question, 1, home)});
    for (std::size_t size = asked.size(); size < good.size(); ++size)
        EXPECT_EQ(says(good.substr(0, size)), malformed) << size;
    // A name that points at itself, and forwards: no name, so not the one asked for.
    EXPECT_EQ(says(answer(asked, {record("\xc0\x21"s, 1, home)})), other);
    EXPECT_EQ(says(answer(asked, {record("\xc0\x2a"s, 1, home)})), other);
    EXPECT_EQ(says(answer(question(DnsType::txt), {record(to_question, 16, "\7epoch"s)}), "", DnsType::txt), malformed);
    EXPECT_EQ(says(answer(question(DnsType::soa), {record(to_question, 6, "\0\0\0"s)}), "", DnsType::soa), malformed);
}

// Goal: no bytes break the reader. Method: the fuzzer's entry, fed with bent answers; `make fuzz` goes on for longer.
TEST(DnsMessageFuzz, ABentAnswerBreaksNothing) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::string good =
        answer(question(), {record(to_question, 5, "\3www\xc0\x10"s), record("\xc0\x2c"s, 1, home)});
    for (int round = 0; round < 20'000; ++round) {
        std::string input = "\0\0"s + good.substr(0, random.below(good.size() + 1));
        input[0] = static_cast<char>(random.below(4));
        input[1] = static_cast<char>(random.below(2));
        for (std::uint64_t bent = random.below(6); bent > 0; --bent)
            input[random.below(input.size())] = static_cast<char>(random.below(256));
        fuzz_dns_message(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    }
}

}  // namespace
}  // namespace cloudshelf::probe
