// The functions as a program of their own, for live tests; users run it as `cloudshelf-region functions`.
#include "region/functions/main.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
    return cloudshelf::functions::functions_main(std::vector<std::string>(argv + 1, argv + argc));
}
