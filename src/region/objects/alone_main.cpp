// The objects as a program of its own, for live tests; users run it as `cloudshelf-region objects`.
#include "region/objects/main.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return cloudshelf::objects::objects_main(arguments);
}
