#include "cli/plan_command.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <vector>

namespace cloudshelf::cli {
namespace {

struct Ran {
    int status;
    std::string out, err;
};

template <class Command>
Ran run(Command command, const std::vector<std::string>& args) {
    std::ostringstream out, err;
    const int status = command(args, out, err);
    return {status, out.str(), err.str()};
}

const std::string reference = SOURCE_ROOT "/plans/cloudshelf.yaml";

TEST(PlanCommand, SoundPlan) {
    const Ran check = run(plan_check, {reference});
    EXPECT_EQ(check.status, 0) << check.err;
    EXPECT_NE(check.out.find("sound (6 services, 2 procedures, profile lan"), std::string::npos) << check.out;
    const Ran explained = run(plan_explain, {reference, "--json"});
    EXPECT_EQ(explained.status, 0);
    EXPECT_EQ(boost::json::parse(explained.out).at("profile").as_string(), "lan");
}

TEST(PlanCommand, BadInputs) {
    EXPECT_EQ(run(plan_check, {}).status, 64);
    EXPECT_EQ(run(plan_check, {reference, "another"}).status, 64);
    EXPECT_EQ(run(plan_check, {"--jsn", reference}).status, 64);
    const Ran none = run(plan_check, {"/nonexistent/plan.yaml"});
    EXPECT_EQ(none.status, 66);
    EXPECT_EQ(none.err, "/nonexistent/plan.yaml: cannot be read: No such file or directory\n");
    EXPECT_EQ(run(plan_explain, {SOURCE_ROOT}).status, 66);

    std::string folder = (std::filesystem::temp_directory_path() / "plan-command-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string file = folder + "/bad.yaml";
    std::ofstream(file) << "format: 2\n";
    const Ran bad = run(plan_check, {file});
    EXPECT_EQ(bad.status, 65);
    EXPECT_EQ(bad.out, "");
    EXPECT_NE(bad.err.find("bad.yaml:1:9: format: found format 2, expected 1"), std::string::npos) << bad.err;
    const Ran json = run(plan_check, {"--json", file});
    EXPECT_EQ(json.status, 65);
    EXPECT_FALSE(boost::json::parse(json.out).at("ok").as_bool());
    std::ofstream(file, std::ios::trunc);  // An empty file is a plan with nothing in it, not one that cannot be read.
    EXPECT_EQ(run(plan_check, {file}).status, 65);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cloudshelf::cli
