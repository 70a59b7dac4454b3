#include "region/agent/main.hpp"
#include "region/fencer/main.hpp"
#include "region/functions/main.hpp"
#include "region/gateway/main.hpp"
#include "region/objects/main.hpp"
#include "region/tables/main.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

/// The regional services, one per process, so that each can fail alone.
int main(int argc, char** argv) {
    using namespace cloudshelf::region;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string which = arguments.empty() ? "" : arguments[0];
    const std::span<const std::string> rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
    if (which == "agent") return agent_main(rest);
    if (which == "fencer") return fencer_main(rest);
    if (which == "gateway") return gateway_main(rest);
    if (which == "functions") return cloudshelf::functions::functions_main(rest);
    if (which == "objects") return cloudshelf::objects::objects_main(rest);
    if (which == "tables") return cloudshelf::tables::tables_main(rest);
    fmt::print(
        stderr,
        "usage: cloudshelf-region agent|gateway --config FILE\n"
        "       cloudshelf-region fencer --lease-page FILE --pgdata DIR …\n"
        "       cloudshelf-region tables|objects|functions --help\n"
        "`cloudshelf up` starts these; docs/architecture.md says what each does.\n"
    );
    return which == "--help" ? 0 : 64;
}
