#include "region/fencer/main.hpp"

#include "io/log.hpp"
#include "region/fencer/fencer.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <sys/mman.h>
#include <sys/resource.h>

namespace cloudshelf::region {

int fencer_main(std::span<const std::string> arguments) {
    std::map<std::string, std::string> given;
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) given[arguments[i]] = arguments[i + 1];
    for (const char* name : {"--lease-page", "--pgdata", "--pgconf", "--socket", "--log", "--fences", "--margin-ms"}) {
        if (!given.contains(name)) {
            fmt::print(
                stderr,
                "fencer: {} is missing; all of --lease-page --pgdata --pgconf --socket --log --fences --margin-ms are "
                "needed\n",
                name
            );
            return 64;
        }
    }
    auto page = io::LeasePage::open(given["--lease-page"]);
    if (!page) {
        fmt::print(stderr, "fencer: {}\n", page.error().message);
        return EXIT_FAILURE;
    }
    // To run on time: never swapped out, and, where that is allowed, before others.
    ::mlockall(MCL_CURRENT | MCL_FUTURE);
    ::setpriority(PRIO_PROCESS, 0, -10);
    io::log_identity({{"program", "fencer"}, {"pgdata", given["--pgdata"]}});
    FencerOptions options{
        .lease_page = given["--lease-page"],
        .pgdata = given["--pgdata"],
        .pgconf = given["--pgconf"],
        .socket = given["--socket"],
        .log = given["--log"],
        .fences = given["--fences"],
        .margin = std::chrono::milliseconds(std::strtol(given["--margin-ms"].c_str(), nullptr, 10)),
        .user = given["--user"],
    };
    if (given.contains("--bin")) options.programs = given["--bin"];
    Fencer fencer(std::move(options), std::move(*page));
    return fencer.run();
}

}  // namespace cloudshelf::region
