// Goal: what the server is told, as texts; a slip here opens a door or loses a setting without a word.
#include "drivers/postgres/settings.hpp"

#include "drivers/postgres/slots.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace cloudshelf::postgres {
namespace {

std::vector<std::string> rules(bool tls) {
    std::istringstream lines(access_rules(tls));
    std::vector<std::string> found;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("#")) found.push_back(line);
    }
    return found;
}

// Goal: with TLS, nobody from elsewhere comes without it, and the replicator only with a certificate.
TEST(Settings, WithTlsNobodyFromElsewhereComesPlainly) {
    for (const auto& rule : rules(true)) {
        const bool local = rule.starts_with("local") || rule.find("samehost") != std::string::npos;
        EXPECT_TRUE(local || rule.starts_with("hostssl ")) << rule;
        if (rule.find("replicator") != std::string::npos)
            EXPECT_NE(rule.find("clientcert=verify-ca"), std::string::npos) << rule;
    }
    EXPECT_EQ(rules(true).size(), 6u);
    EXPECT_EQ(rules(false).size(), 5u);
}

TEST(Settings, EverybodyNeedsAPassword) {
    for (const bool tls : {false, true}) {
        for (const auto& rule : rules(tls)) EXPECT_NE(rule.find("scram-sha-256"), std::string::npos) << rule;
    }
}

TEST(Settings, TheServersTlsIsWhatTheOptionsSay) {
    ClusterOptions options{.pgconf = "/conf", .region = RegionName("us-east-1")};
    EXPECT_NE(server_settings(options).find("\nssl = off\n"), std::string::npos);
    options.tls = io::TlsIdentity{};
    EXPECT_NE(server_settings(options).find("\nssl_key_file = '/conf/server.key'\n"), std::string::npos);
}

TEST(Settings, AStandbyUsesItsOwnSlot) {
    EXPECT_EQ(standby_slot(RegionName("us-west-2")), "standby_us_west_2");
    const std::string text = replication_settings(RegionName("us-west-2"), "host=127.0.0.1");
    EXPECT_NE(text.find("primary_slot_name = 'standby_us_west_2'\n"), std::string::npos) << text;
    EXPECT_NE(text.find("application_name=us-west-2 "), std::string::npos) << text;
}

}  // namespace
}  // namespace cloudshelf::postgres
