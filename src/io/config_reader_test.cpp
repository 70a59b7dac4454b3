// Goal: what is wrong in a configuration is said by name.
#include "io/config_reader.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::io {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Config {
    std::string name;
    Duration beat;
    Endpoint listen;
    int drift = 0;
    bool witness = false;
};

Config parse(const json::value& document) {
    return {
        .name = config::text(document, "name"),
        .beat = config::ms(document, "beat_ms"),
        .listen = config::endpoint(document, "listen"),
        .drift = config::number<int>(document, "drift"),
        .witness = config::flag(document, "witness"),
    };
}

class ConfigReader : public ::testing::Test {
protected:
    Result<Config> load(const std::string& document) {
        EXPECT_TRUE(replace_file(folder_ / "config.json", document));
        return config::load(folder_ / "config.json", "test.config", parse);
    }
    testing::TemporaryFolder folder_;
};

TEST_F(ConfigReader, ReadsWhatIsThere) {
    const auto read = load(R"({"name": "a", "beat_ms": 20, "listen": "127.1.0.1:80", "drift": -3, "witness": true})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, "a");
    EXPECT_EQ(read->beat, 20ms);
    EXPECT_EQ(read->listen, (Endpoint{"127.1.0.1", 80}));
    EXPECT_EQ(read->drift, -3);
    EXPECT_TRUE(read->witness);
}

TEST_F(ConfigReader, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> cases[] = {
        {R"([])", "name is missing"},
        {R"({"name": 1})", "name: expected a text"},
        {R"({"name": "a", "beat_ms": "20"})", "beat_ms: expected a number"},
        {R"({"name": "a", "beat_ms": 20, "listen": "localhost"})", "listen: "},
        {R"({"name": "a", "beat_ms": 20, "listen": "127.1.0.1:80", "drift": 1e20})", "drift: expected a number"},
        {R"({"name": "a", "beat_ms": 20, "listen": "127.1.0.1:80", "drift": 1, "witness": 1})",
         "witness: expected true or false"},
        {R"({"name")", ""},
    };
    for (const auto& [document, what] : cases) {
        const auto read = load(document);
        ASSERT_FALSE(read) << document;
        EXPECT_EQ(read.error().code, "test.config");
        EXPECT_NE(read.error().message.find(fmt::format("config.json: {}", what)), std::string::npos)
            << read.error().message;
    }
    EXPECT_EQ(config::load(folder_ / "none.json", "test.config", parse).error().code, "io.no-file");
}

TEST_F(ConfigReader, ASecretIsItsFileWithoutTheLineEnd) {
    ASSERT_TRUE(replace_file(folder_ / "token", "abc\n"));
    EXPECT_EQ(config::content(folder_ / "token"), "abc");
    EXPECT_THROW(config::content(folder_ / "none"), std::invalid_argument);
}

}  // namespace
}  // namespace cloudshelf::io
