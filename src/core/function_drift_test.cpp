#include "core/function_drift.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

DeployedFunction catalog() {
    return {
        .version = "7",
        .code_sha256 = "abc=",
        .handler = "catalog",
        .runtime = "provided.al2023",
        .memory_mib = 256,
        .timeout_seconds = 10,
        .variables = {{"REGION", "us-east-1"}, {"DB_NAME", "bookstore"}},
    };
}

TEST(FunctionDrift, IsNoneWhereRegionsDoTheSame) {
    auto standby = catalog();
    standby.version = "9";
    standby.variables["REGION"] = "us-west-2";
    EXPECT_TRUE(function_drift(catalog(), standby, {"REGION"}).empty());
    EXPECT_TRUE(function_drift({}, {}, {}).empty());
}

TEST(FunctionDrift, NamesWhatDiffers) {
    auto standby = catalog();
    standby.code_sha256 = "def=";
    standby.timeout_seconds = 3;
    standby.variables = {{"REGION", "us-west-2"}, {"DB_NAME", "other"}, {"DEBUG", "1"}};
    const std::vector<FunctionDrift> expected{
        {"code", "abc=", "def="},
        {"timeout", "10", "3"},
        {"variable DB_NAME", "one value", "another value"},
        {"variable DEBUG", "not set", "set"},
    };
    EXPECT_EQ(function_drift(catalog(), standby, {"REGION"}), expected);
}

TEST(FunctionDrift, MissesWhatIsNotThere) {
    auto standby = catalog();
    standby.variables.erase("REGION");
    const std::vector<FunctionDrift> unset{{"variable REGION", "set", "not set"}};
    EXPECT_EQ(function_drift(catalog(), standby, {"REGION"}), unset) << "a regional variable has to be there";
    const std::vector<FunctionDrift> absent{{"deployment", "deployed", "not deployed"}};
    EXPECT_EQ(function_drift(catalog(), {}, {}), absent);
}

TEST(FunctionDrift, NeverTellsValues) {
    auto standby = catalog();
    standby.variables["DB_NAME"] = "a secret";
    for (const auto& drift : function_drift(catalog(), standby, {"REGION"})) {
        EXPECT_EQ(drift.standby.find("secret"), std::string::npos);
        EXPECT_EQ(drift.primary.find("bookstore"), std::string::npos);
    }
}

TEST(MergedVariables, KeepWhatNobodySpeaksOf) {
    const Variables present{{"DB_HOST", "old"}, {"FEATURE", "on"}};
    const Variables expected{{"DB_HOST", "new"}, {"FEATURE", "on"}, {"REGION", "us-west-2"}};
    EXPECT_EQ(merged_variables(present, {{"DB_HOST", "new"}, {"REGION", "us-west-2"}}), expected);
}

}  // namespace
}  // namespace cloudshelf::core
