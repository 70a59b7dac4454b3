#include "plan/explain.hpp"

#include "plan/load.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace cloudshelf::plan {
namespace {

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

core::Plan reference() {
    auto plan = load(read_file(SOURCE_ROOT "/plans/cloudshelf.yaml"), "plans/cloudshelf.yaml");
    EXPECT_TRUE(plan) << (plan ? "" : to_string(plan.error().front()));
    return plan ? *plan : core::Plan{};
}

// Goal: nothing that people read changes unnoticed. Method: the whole text, whose diff is reviewed.
TEST(Explain, ReferencePlan) {
    const std::string path = SOURCE_ROOT "/src/plan/golden/explain.txt";
    core::Plan plan = reference();
    plan.digest = "(digest)";
    const std::string text = explain(plan);
    if (std::getenv("CLOUDSHELF_REWRITE")) std::ofstream(path) << text;
    EXPECT_EQ(read_file(path), text) << "CLOUDSHELF_REWRITE=1 rewrites it, then read the diff";
}

// Goal: the contradictions are found, and only they. Method: the figures as they were written down.
TEST(Explain, StatedFiguresThatDiffer) {
    const auto shown = boost::json::parse(explain_json(reference()));
    std::string differing;
    for (const auto& figure : shown.at("money").at("stated").as_array())
        if (!figure.at("agrees").as_bool())
            differing += std::string(figure.at("stated").as_string()) + " not " +
                         std::string(figure.at("computed").as_string()) + "; ";
    EXPECT_EQ(differing, "$3,000 not $550; $36,000 not $6,600; 18 h not 2.64 h; 1.5 h not 0.22 h; ");
}

TEST(Explain, JsonAddsUp) {
    const auto shown = boost::json::parse(explain_json(reference()));
    const auto& worst = shown.at("procedures").at(0).at("worst_case");
    double sum = 0;
    for (const auto& term : worst.at("terms").as_array())
        if (term.at("counts").as_bool()) sum += term.at("ms").as_double();
    EXPECT_DOUBLE_EQ(sum, worst.at("total_ms").as_double());
    EXPECT_EQ(worst.at("by_profile_ms").at("lan").as_double(), worst.at("total_ms").as_double());
}

}  // namespace
}  // namespace cloudshelf::plan
