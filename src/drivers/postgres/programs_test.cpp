// Goal: what pg_controldata prints, and what is not there.
#include "drivers/postgres/programs.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::postgres {
namespace {

TEST(ControlData, IsReadByName) {
    const auto data = parse_control_data(
        "pg_control version number:            1300\n"
        "Database system identifier:           7301234567890123456\n"
        "Database cluster state:               in archive recovery\n"
        "Latest checkpoint location:           0/5000148\n"
        "Latest checkpoint's REDO WAL file:    000000030000000000000005\n"
        "Latest checkpoint's TimeLineID:       3\n"
        "Latest checkpoint's PrevTimeLineID:   2\n"
        "Mock authentication nonce:            \n"
    );
    EXPECT_EQ(data.system_id, "7301234567890123456");
    EXPECT_EQ(data.state, "in archive recovery");
    EXPECT_EQ(data.timeline, 3u);
    EXPECT_EQ(data.checkpoint, Lsn(0x5000148));
}

TEST(ControlData, NothingIsMadeOutOfNoise) {
    const auto data = parse_control_data("no colon here\n:\n: : :\nLatest checkpoint's TimeLineID: x\n");
    EXPECT_EQ(data.system_id, "");
    EXPECT_EQ(data.timeline, 0u);
    EXPECT_EQ(data.checkpoint, Lsn(0));
}

}  // namespace
}  // namespace cloudshelf::postgres
