// The peer's configuration, what is counted as lost, and what a machine without Patroni is told. The trial itself takes
// most of a minute and is the benchmark.
#include "cli/peer_patroni.hpp"

#include "cli/figures.hpp"
#include "cli/peer_writer.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

TEST(PeerPatroni, ConfigurationSaysTimingAndAsksForPasswordsEverywhere) {
    const PatroniNode node{.name = "one", .address = "127.9.0.1", .directory = "/somewhere"};
    const auto text = patroni_config(node, "127.12.0.1:2379", patroni_fastest, {"super", "replica", "rest"});
    const json::value config = json::parse(text);
    EXPECT_EQ(config.at_pointer("/bootstrap/dcs/ttl"), 20);
    EXPECT_EQ(config.at_pointer("/bootstrap/dcs/loop_wait"), 1);
    EXPECT_EQ(config.at_pointer("/bootstrap/dcs/retry_timeout"), 3);
    EXPECT_FALSE(config.at_pointer("/bootstrap/dcs").as_object().contains("synchronous_mode"));
    EXPECT_EQ(config.at_pointer("/etcd3/host"), "127.12.0.1:2379");
    EXPECT_EQ(config.at_pointer("/postgresql/listen"), "127.9.0.1:5432");
    EXPECT_EQ(config.at_pointer("/postgresql/data_dir"), "/somewhere/data");
    ASSERT_EQ(config.at_pointer("/postgresql/pg_hba").as_array().size(), 2u);
    for (const auto& line : config.at_pointer("/postgresql/pg_hba").as_array()) {
        EXPECT_TRUE(line.as_string().ends_with("127.0.0.0/8 scram-sha-256")) << line;
    }
    EXPECT_EQ(config.at_pointer("/restapi/authentication/password"), "rest");
    EXPECT_EQ(config.at_pointer("/postgresql/authentication/superuser/password"), "super");
    EXPECT_EQ(config.at_pointer("/postgresql/authentication/replication/password"), "replica");
}

TEST(PeerPatroni, LostIsWhatWasAcknowledgedAndIsNotFound) {
    EXPECT_EQ(count_lost({1, 2, 3, 5}, {1, 2, 3, 5}), 0u);
    EXPECT_EQ(count_lost({1, 2, 3, 5}, {1, 2, 5}), 1u);
    EXPECT_EQ(count_lost({1, 2}, {1, 2, 3}), 0u) << "what was written but not acknowledged is not lost";
    EXPECT_EQ(count_lost({1, 2, 3}, {}), 3u);
}

TEST(PeerPatroni, AMachineWithoutItIsToldThePackages) {
    const auto found = find_patroni("/nowhere");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "peer.not-installed");
    for (const char* package : {"patroni", "etcd-server", "python3-etcd"}) {
        EXPECT_NE(found.error().message.find(package), std::string::npos) << found.error().message;
    }
}

TEST(Figures, OneRowForEach) {
    EXPECT_EQ(
        figures_table({{"a (s)", {3, 1, 2}}}),
        "| figure | n | min | median | p95 | max |\n"
        "| --- | --: | --: | --: | --: | --: |\n"
        "| a (s) | 3 | 1.00 | 2.00 | 3.00 | 3.00 |\n"
    );
}

}  // namespace
}  // namespace cloudshelf::cli
