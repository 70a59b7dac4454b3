// The functions as a program of their own, for live tests; users run it as `cloudshelf-region functions`.
#include "region/functions/fake_runner_test.hpp"
#include "region/functions/main.hpp"

#include <memory>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    using namespace cloudshelf::functions;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto make_runner = [](const RunnerTerms&) -> cloudshelf::Result<RunnerInUse> {
        return RunnerInUse{.runner = std::make_shared<FakeRunner>(), .stop = {}, .append_metrics = {}};
    };
    return functions_main(arguments, make_runner);
}
