// The tables as a program of its own, for live tests; users run it as `cloudshelf-region tables`.
#include "region/tables/main.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return cloudshelf::tables::tables_main(arguments);
}
