// Goal: a key file that is not there is made anew only where nothing was encrypted with another.
#include "region/objects/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <filesystem>

namespace cloudshelf::objects {
namespace {

REGION_TEST(KeyFile, IsNotMadeAnewBesideContents) {
    const auto path = region.folder / "keys";
    co_await region.stop();
    std::filesystem::remove(path);
    const auto empty = co_await region.start();
    REQUIRE(empty);
    co_await region.put("/books/dune", "sand");
    co_await region.stop();

    std::filesystem::rename(path, region.folder / "copy");
    const auto refused = co_await region.start();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "contents.keys");
    EXPECT_TRUE(refused.error().message.contains("put a copy of it there")) << refused.error().message;
    EXPECT_FALSE(std::filesystem::exists(path));
    co_await region.stop();

    std::filesystem::rename(region.folder / "copy", path);
    const auto back = co_await region.start();
    REQUIRE(back);
    const auto read = co_await region.get("/books/dune");
    EXPECT_EQ(read.body, "sand");
}

}  // namespace
}  // namespace cloudshelf::objects
