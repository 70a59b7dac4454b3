// The gateway as a program of its own, for its tests; users run it as `cloudshelf-region gateway`.
#include "region/gateway/main.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return cloudshelf::region::gateway_main(arguments);
}
