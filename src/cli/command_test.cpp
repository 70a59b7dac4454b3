#include "cli/command.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::cli {
namespace {

int status_of(const char* code) {
    return report({.code = code, .message = code}, {});
}

// Goal: scripts can tell what went wrong by the exit status, as docs/reference/exit-status.md says.
TEST(ExitStatus, GoesWithTheError) {
    for (const char* code :
         {"cli.usage", "tables.no-key", "edge.bad-config", "edge.bad-option", "edge.bad-configuration"})
        EXPECT_EQ(status_of(code), 64) << code;
    for (const char* code : {"twin.no-postgres", "twin.no-powerdns", "twin.no-etcd", "twin.no-nginx", "edge.no-nginx"})
        EXPECT_EQ(status_of(code), 72) << code;
    EXPECT_EQ(status_of("io.address-in-use"), 73);
    EXPECT_EQ(status_of("guard.not-acknowledged"), 70);
    EXPECT_EQ(status_of("something.else"), 1);
}

}  // namespace
}  // namespace cloudshelf::cli
