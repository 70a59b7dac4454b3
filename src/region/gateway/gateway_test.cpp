// Goal: when a write may begin, and what a configuration may say.
#include "region/gateway/config.hpp"
#include "region/gateway/gate.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace cloudshelf::region {
namespace {

using namespace std::chrono_literals;

TEST(Gate, writes_only_strictly_before_the_deadline) {
    const TimePoint deadline(10s);
    const auto at = [&](io::WriteState state, TimePoint now) {
        return gate({.state = state, .epoch = Epoch(1), .deadline = deadline}, now);
    };
    EXPECT_EQ(at(io::WriteState::writing, deadline - 1ns), Gate::here);
    EXPECT_EQ(at(io::WriteState::writing, deadline), Gate::refuse);
    EXPECT_EQ(at(io::WriteState::paused, deadline + 1s), Gate::hold);
    EXPECT_EQ(at(io::WriteState::remote, deadline + 1s), Gate::elsewhere);
    EXPECT_EQ(at(io::WriteState::fenced, deadline - 1s), Gate::refuse);
    EXPECT_EQ(gate({}, TimePoint()), Gate::refuse) << "a page that nobody has written";
}

const std::string good =
    R"({"region":"a","listen":"127.0.0.1:80","lease_page":"p","databases":[{"region":"a","host":"h",
    "port":1}],"database":{"name":"n","user":"u","password_file":"f"},"processors":["x:1"],"session_key_file":"k"})";

TEST(Config, reads_what_it_knows) {
    const auto config = parse_gateway_config(good);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->databases.at(0).port, 1);
    EXPECT_EQ(config->database_user, "u");
    EXPECT_EQ(config->workers, 24U);
}

TEST(Config, knows_where_tables_are) {
    const auto with = [](const std::string& tables) {
        return parse_gateway_config(good.substr(0, good.size() - 1) + R"(,"tables":)" + tables + "}");
    };
    const auto config = with(R"({"servers":[{"region":"a","address":"127.1.0.1:8000"}],"credentials_file":"c"})");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->tables.at(0).address, "127.1.0.1:8000");
    const auto error = [&](const std::string& tables) { return with(tables).error().message; };
    EXPECT_EQ(error("[]"), "tables: expected an object with servers and credentials_file");
    EXPECT_EQ(
        error(R"({"servers":[{"region":"b","address":"x"}],"credentials_file":"c"})"),
        "tables: servers: expected one of region \"a\", ours"
    );
    EXPECT_EQ(
        error(R"({"servers":[{"region":"a"}],"credentials_file":"c"})"),
        "tables: servers: address: expected a text that is not empty"
    );
}

TEST(Config, knows_where_functions_are) {
    const auto with = [](const std::string& functions) {
        return parse_gateway_config(good.substr(0, good.size() - 1) + R"(,"functions":)" + functions + "}");
    };
    const auto config =
        with(R"({"address":"127.1.0.1:9001","credentials_file":"c","routes":[{"path":"/books","function":"f:live"}]})");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->functions_address, "127.1.0.1:9001");
    EXPECT_EQ(config->function_routes.at(0).function, "f:live");
    const auto error = [&](const std::string& functions) { return with(functions).error().message; };
    EXPECT_EQ(error("[]"), "functions: expected an object with address, credentials_file and routes");
    EXPECT_EQ(
        error(R"({"address":"a","credentials_file":"c","routes":[{"path":"books","function":"f"}]})"),
        "functions: routes: path: expected a text that begins with /"
    );
    EXPECT_EQ(
        error(R"({"address":"a","credentials_file":"c"})"), "functions: routes: expected a list that is not empty"
    );
}

TEST(Config, names_what_is_wrong) {
    const auto error = [](std::string from, const std::string& to) {
        auto text = good;
        text.replace(text.find(from), from.size(), to);
        const auto config = parse_gateway_config(text);
        return config ? "" : config.error().message;
    };
    EXPECT_EQ(error(R"("listen":"127.0.0.1:80",)", ""), "listen: expected a text that is not empty");
    EXPECT_EQ(error(R"("listen")", R"("lisen")"), "lisen: expected nothing: there is no such member");
    EXPECT_EQ(
        error(R"("region":"a","listen")", R"("region":"b","listen")"), "databases: expected one of region \"b\", ours"
    );
    EXPECT_EQ(error(R"("port":1)", R"("port":0)"), "databases: port: expected a whole number, 1 to 65535");
    EXPECT_EQ(error(R"(["x:1"])", "[]"), "processors: expected a list that is not empty");
    EXPECT_EQ(error("{", "["), "expected a JSON object");
}

}  // namespace
}  // namespace cloudshelf::region
