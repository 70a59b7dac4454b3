#include "region/fencer/main.hpp"

#include <vector>

// The fencer as a program of its own, for tests.
int main(int count, char** arguments) {
    const std::vector<std::string> given(arguments + 1, arguments + count);
    return cloudshelf::region::fencer_main(given);
}
