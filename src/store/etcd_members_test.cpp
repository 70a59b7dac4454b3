#include "store/etcd_members.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::store {
namespace {

/// Members 1, 2, … by the names a, b, …; of each letter in `up` there is an answer.
struct Cluster {
    Cluster(std::size_t size, const std::string& up) {
        for (std::size_t i = 0; i < size; ++i) {
            const std::string name(1, static_cast<char>('a' + i));
            members.push_back({.id = i + 1, .name = name});
            const bool answers = up.contains(name);
            status.push_back({.id = i + 1, .answers = answers, .has_leader = answers, .raft_index = 500});
        }
    }
    bool may(const std::string& name) const { return may_replace(members, status, name).has_value(); }

    std::vector<EtcdMemberInfo> members;
    std::vector<EtcdStatus> status;
};

TEST(ReplaceMember, NeedsAMajorityWithoutIt) {
    EXPECT_TRUE(Cluster(3, "ab").may("c"));
    EXPECT_TRUE(Cluster(3, "abc").may("c"));
    EXPECT_FALSE(Cluster(3, "ac").may("c"));
    EXPECT_FALSE(Cluster(3, "a").may("b"));
    EXPECT_TRUE(Cluster(5, "abc").may("e"));
    EXPECT_FALSE(Cluster(5, "abe").may("e"));
    EXPECT_FALSE(Cluster(1, "a").may("a"));
    // Removed already, and about to be added.
    EXPECT_TRUE(Cluster(2, "ab").may("c"));
    EXPECT_FALSE(Cluster(2, "a").may("c"));
    Cluster added(3, "ab");
    added.members[2].name = "";
    EXPECT_TRUE(added.may("c"));
    const auto refused = may_replace(Cluster(3, "a").members, Cluster(3, "a").status, "c");
    EXPECT_EQ(refused.error().code, "guard.no-majority");
    // A member without a leader is no help.
    Cluster cut(3, "ab");
    cut.status[1].has_leader = false;
    EXPECT_FALSE(cut.may("c"));
}

TEST(ReplaceMember, IsInStepWhenItHasWhatTheOthersHave) {
    Cluster cluster(3, "abc");
    EXPECT_TRUE(is_in_step(cluster.members, cluster.status, "c"));
    cluster.status[2].raft_index = 20;
    EXPECT_FALSE(is_in_step(cluster.members, cluster.status, "c"));
    EXPECT_FALSE(is_in_step(cluster.members, cluster.status, "d"));
    EXPECT_FALSE(is_in_step(cluster.members, Cluster(3, "ab").status, "c"));
}

}  // namespace
}  // namespace cloudshelf::store
