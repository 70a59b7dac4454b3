// Goal: functions run, one invocation at a time for each process, and what they get is what Lambda gives. Method: a
// real process that does what its payload says.
#include "region/environments/site_test.hpp"

#include <gmock/gmock.h>

namespace cloudshelf::functions {
namespace {

using namespace std::chrono_literals;
using testing::call;
using ::testing::HasSubstr;
using testing::Site;
using testing::with_host;

TEST(Host, InvokesAProcess) {
    const Site site;
    auto code = site.probe();
    with_host(site.options, [code](std::shared_ptr<Host> host) -> io::Task<void> {
        const auto first = co_await call(host, code, "echo {\"a\":1}");
        EXPECT_EQ(first.payload, "{\"a\":1}");
        EXPECT_FALSE(first.function_error);
        EXPECT_GT(first.init_duration, 0ns);
        const auto second = co_await call(host, code, "count");
        EXPECT_EQ(second.payload, "2");
        EXPECT_EQ(second.init_duration, 0ns);
        EXPECT_EQ(host->metrics().environments_started, 1u);
    });
}

}  // namespace
}  // namespace cloudshelf::functions
