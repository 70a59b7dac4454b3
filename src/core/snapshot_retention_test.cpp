#include "core/snapshot_retention.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

TEST(SnapshotRetention, TheOneBeforeTheWindowStays) {
    EXPECT_EQ(outlived_snapshots({}, 10), std::vector<std::size_t>{});
    EXPECT_EQ(outlived_snapshots({1, 5, 20}, 10), std::vector<std::size_t>{0});
    EXPECT_EQ(outlived_snapshots({1, 5, 10}, 10), (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(outlived_snapshots({11, 12}, 10), std::vector<std::size_t>{});
}

}  // namespace
}  // namespace cloudshelf::core
