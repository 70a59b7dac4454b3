#include "region/program/peers.hpp"

#include <gtest/gtest.h>

#include <array>

namespace cloudshelf::program {
namespace {

TEST(Peers, regions_have_numbers_of_their_own) {
    EXPECT_NE(site_number(RegionName("us-east-1")), site_number(RegionName("us-west-2")));
    EXPECT_EQ(site_number(RegionName("us-east-1")), site_number(RegionName("us-east-1")));
}

TEST(Peers, two_regions_of_one_number_are_refused) {
    const RegionName here("us-east-1");
    const std::array good{Peer{.region = RegionName("us-west-2"), .endpoint = {}}};
    EXPECT_TRUE(check_site_numbers(here, good));
    const std::array bad{Peer{.region = here, .endpoint = {}}};
    const auto refused = check_site_numbers(here, bad);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "program.same-site");
}

TEST(Arguments, say_which_option_is_wrong_and_what_was_expected) {
    const auto peer = read_peer("us-west-2=https://127.2.0.1:9000");
    ASSERT_FALSE(peer);
    EXPECT_TRUE(peer.error().message.contains("REGION=http://ADDRESS:PORT")) << peer.error().message;
    const auto good = read_peer("us-west-2=http://127.2.0.1:9000/");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->region, RegionName("us-west-2"));
    EXPECT_EQ(good->endpoint.port, 9000);
    const auto listen = read_endpoint("--listen", "nowhere");
    ASSERT_FALSE(listen);
    EXPECT_TRUE(listen.error().message.starts_with("--listen \"nowhere\": expected an IPv4")) << listen.error().message;
    EXPECT_FALSE(read_number("--days", "0"));
    EXPECT_FALSE(read_number("--days", "7x"));
    EXPECT_EQ(read_number("--days", "7").value_or(0), 7);
    EXPECT_FALSE(read_switch("--sync", "yes"));
}

}  // namespace
}  // namespace cloudshelf::program
