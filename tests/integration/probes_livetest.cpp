// Looks at the real servers: PostgreSQL 15 behind its fencer, and PowerDNS.
#include "drivers/dns/powerdns.hpp"
#include "drivers/probe/looker_test.hpp"
#include "support/postgres_pair.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::testing {
namespace {

using core::CheckType;
using core::Observation;
using probe::Connections;
using probe::DnsType;
using probe::Looker;
using probe::ProbeResult;
using probe::Secured;
using probe::Target;

ProbeResult look(const Target& target) {
    return value_of(probe::look_once(target));
}
Observation seen(const Target& target) {
    return look(target).observation;
}

/// Waits for the server, never for the prober: each look is whole.
bool comes_to(Observation expected, const Target& target) {
    return eventually([&] { return seen(target) == expected; });
}

TEST(ProbesLive, PostgresAcceptsShutsDownAndIsGone) {
    PostgresPair pair(77, {FENCER_PROGRAM});
    PostgresSite& east = *pair.east;
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    Target target{
        .type = CheckType::postgres,
        .endpoint = {.address = east.address.host, .port = east.address.port},
    };
    EXPECT_EQ(seen(target), Observation::passed) << "refused as somebody unknown, which is an answer";
    target.postgres = {.user = "bookstore", .database = "cloudshelf"};
    EXPECT_EQ(seen(target), Observation::passed) << "asked for a password";

    target.secured = Secured::yes;
    target.host = east.address.name;
    target.ca_file = pair.authority.files("ca").certificate;
    const auto secured = look(target);
    EXPECT_EQ(secured.observation, Observation::passed) << core::name(secured.observation);
    ASSERT_TRUE(secured.expires_in);
    EXPECT_LE(*secured.expires_in, 24h);
    target.host = "elsewhere.example";
    EXPECT_EQ(seen(target), Observation::certificate_bad);
    target.host = east.address.name;

    for (int i = 0; i < 20; ++i) EXPECT_EQ(seen(target), Observation::passed);
    const auto log = io::read_file(east.folder / "postgres.log").value_or("");
    EXPECT_TRUE(log.contains("no pg_hba.conf entry")) << "of the first look: " << log;
    EXPECT_FALSE(log.contains("could not receive data")) << "looks end so that the server has nothing to log";
    EXPECT_FALSE(log.contains("SSL error")) << log;

    // A smart shutdown waits for those who are there, and refuses everybody else.
    auto holder = east.connect();
    ASSERT_TRUE(holder);
    ASSERT_EQ(::kill(east.postmaster(), SIGTERM), 0);
    EXPECT_TRUE(comes_to(Observation::not_accepting, target));
    target.secured = Secured::no;
    EXPECT_EQ(seen(target), Observation::not_accepting);
    holder = fail("test", "let go");
    EXPECT_TRUE(comes_to(Observation::refused, target));
}

/// A PowerDNS with two names, in a folder of its own.
class PowerDns {
public:
    PowerDns() {
        std::string name = (fs::temp_directory_path() / "cloudshelf-probes-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        nameserver = {
            .directory = name,
            .listen = {.address = "127.77.53.1", .port = 5300},
            .zone = "example.com",
            .key_name = "agent",
            .key = "MDEyMzQ1Njc4OWFiY2RlZg==",
        };
        dns::RecordSet many{.name = "many.example.com", .type = "TXT", .ttl = 1, .values = {}};
        for (int i = 0; i < 30; ++i) many.values.push_back(fmt::format("text number {} of very many of them", i));
        const std::vector<dns::RecordSet> records{
            {.name = "api.example.com", .type = "A", .ttl = 1, .values = {"127.0.0.1", "127.0.0.9"}}, many
        };
        EXPECT_TRUE(PostgresPair::done(dns::prepare(nameserver, records)));
        pid = io::spawn({.argv = dns::command_line(nameserver),
                         .output = nameserver.directory / "pdns.log",
                         .death_signal = SIGKILL})
                  .value_or(-1);
    }
    ~PowerDns() {
        stop();
        std::error_code ignored;
        fs::remove_all(nameserver.directory, ignored);
    }
    void stop() {
        if (pid <= 0) return;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        pid = -1;
    }
    Target asking(std::string name, DnsType type, std::string expected = "") const {
        return {
            .type = CheckType::dns,
            .endpoint = nameserver.listen,
            .dns = {.name = std::move(name), .type = type, .expected = std::move(expected)},
        };
    }

    dns::Nameserver nameserver;
    pid_t pid = -1;
};

TEST(ProbesLive, PowerDnsAnswersByUdpAndTcpAndIsGone) {
    PowerDns pdns;
    const Target api = pdns.asking("api.example.com", DnsType::a, "127.0.0.9");
    EXPECT_TRUE(comes_to(Observation::passed, api));
    EXPECT_EQ(seen(pdns.asking("API.example.com", DnsType::a)), Observation::passed);
    EXPECT_EQ(seen(pdns.asking("api.example.com", DnsType::a, "127.0.0.2")), Observation::search_missing);
    EXPECT_EQ(seen(pdns.asking("api.example.com", DnsType::aaaa)), Observation::search_missing);
    EXPECT_EQ(seen(pdns.asking("example.com", DnsType::soa)), Observation::passed);
    const auto missing = look(pdns.asking("nobody.example.com", DnsType::a));
    EXPECT_EQ(missing.observation, Observation::bad_status);
    EXPECT_EQ(missing.status, 3) << "NXDOMAIN";
    const auto elsewhere = look(pdns.asking("api.other.org", DnsType::a));
    EXPECT_EQ(elsewhere.observation, Observation::bad_status);
    EXPECT_EQ(elsewhere.status, 5) << "REFUSED: not its zone";

    const auto many = look(pdns.asking("many.example.com", DnsType::txt, "text number 29 of very many of them"));
    EXPECT_EQ(many.observation, Observation::passed) << core::name(many.observation);
    EXPECT_GT(many.connected, 0ns) << "over TCP";
    pdns.stop();
    EXPECT_EQ(seen(api), Observation::refused);
}

}  // namespace
}  // namespace cloudshelf::testing
