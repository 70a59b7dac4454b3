#include "controller/looks.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using core::CheckName;
using core::Observation;

struct Heard {
    std::vector<std::string> all;
    LooksElsewhere::Told told() {
        return [this](const CheckName& check, Observation observation) {
            all.push_back(check.value() + "=" + core::name(observation));
        };
    }
};

std::uint64_t asked(const LooksElsewhere& there) {
    const std::string target = there.target();
    return std::stoull(target.substr(target.find('=') + 1));
}

// Goal: every look arrives once and in order, however often is asked.
TEST(Looks, ArriveOnceAndInOrder) {
    Looks here;
    LooksElsewhere there;
    Heard heard;
    there.heard(here.since(asked(there)), heard.told());
    EXPECT_TRUE(heard.all.empty());
    here.saw(CheckName("shop/a"), Observation::passed);
    here.saw(CheckName("shop/b"), Observation::refused);
    there.heard(here.since(asked(there)), heard.told());
    there.heard(here.since(asked(there)), heard.told());
    here.saw(CheckName("shop/a"), Observation::certificate_expiring);
    there.heard(here.since(asked(there)), heard.told());
    const std::vector<std::string> expected{"shop/a=passed", "shop/b=refused", "shop/a=certificate-expiring"};
    EXPECT_EQ(heard.all, expected);
}

// Goal: a site that was started again numbers anew, and its first looks are not taken for old ones.
TEST(Looks, AStartBeginsAnew) {
    Looks here;
    LooksElsewhere there;
    Heard heard;
    for (int i = 0; i < 5; ++i) here.saw(CheckName("shop/a"), Observation::passed);
    there.heard(here.since(asked(there)), heard.told());
    ASSERT_EQ(heard.all.size(), 5u);
    Looks again;
    again.saw(CheckName("shop/a"), Observation::closed);
    json::object other = again.since(asked(there));
    other["begun"] = 1;
    there.heard(other, heard.told());
    EXPECT_EQ(asked(there), 0u);
    other = again.since(asked(there));
    other["begun"] = 1;
    there.heard(other, heard.told());
    EXPECT_EQ(heard.all.back(), "shop/a=closed");
    EXPECT_EQ(heard.all.size(), 6u);
}

// Goal: what is kept is bounded, and nonsense says nothing.
TEST(Looks, AreBounded) {
    Looks here;
    for (std::size_t i = 0; i < Looks::kept_max + 10; ++i) here.saw(CheckName("shop/a"), Observation::passed);
    EXPECT_EQ(here.since(0).at("looks").as_array().size(), Looks::kept_max);
    LooksElsewhere there;
    Heard heard;
    for (const char* bad :
         {"{}",
          "[]",
          "7",
          R"({"begun":1,"next":-1,"looks":[1,["a"],["a","what"],[1,2],["a","passed",3]]})",
          R"({"begun":"x","next":1,"looks":[]})"})
        there.heard(json::parse(bad), heard.told());
    EXPECT_TRUE(heard.all.empty());
}

}  // namespace
}  // namespace cloudshelf::controller
