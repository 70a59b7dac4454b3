#include "cli/state_file.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

// Goal: what is written is read back; any byte that differs is noticed.
TEST(StateFile, IsReadAsItWasWritten) {
    const json::object state{
        {"keys", {{{"key", "app/shop/lease"}, {"value", "{\"epoch\":7}"}}}},
        {"journal", {{{"index", 1}, {"data", "\"\\u00e4\n"}}}}
    };
    const std::string file = state_file(state);
    const auto read = read_state_file(file);
    ASSERT_TRUE(read);
    EXPECT_EQ(json::serialize(*read), json::serialize(state));
    std::string changed = file;
    changed.replace(changed.find("epoch\\\":7"), 9, "epoch\\\":8");
    EXPECT_EQ(read_state_file(changed).error().code, "state.damaged");
    for (std::size_t size = 0; size + 2 < file.size(); size += 7)
        EXPECT_EQ(read_state_file(file.substr(0, size)).error().code, "state.unreadable") << size;
    for (const char* bad : {"[]", "{}", R"({"format_version":1,"digest":1,"state":{}})"})
        EXPECT_EQ(read_state_file(bad).error().code, "state.unreadable") << bad;
    std::string newer = file;
    newer.replace(newer.find("\"format_version\":1"), 18, "\"format_version\":2");
    EXPECT_EQ(read_state_file(newer).error().code, "state.other-version");
}

}  // namespace
}  // namespace cloudshelf::cli
