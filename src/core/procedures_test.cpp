#include "core/procedures.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

// Goal: a move waits for every nameserver that can still send customers the wrong way and be told, and for no dead one.
TEST(Procedures, TrafficWaitsForTheNameserversThatCanBeTold) {
    for (const bool answers : {false, true}) {
        EXPECT_TRUE(has_to_follow(NameserverOf::target, answers));
        EXPECT_EQ(has_to_follow(NameserverOf::witness, answers), answers);
        EXPECT_FALSE(has_to_follow(NameserverOf::old_writer, answers));
    }
}

}  // namespace
}  // namespace cloudshelf::core
