#include "region/fencer/main.hpp"

#include "io/log.hpp"
#include "region/fencer/fencer.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <sched.h>
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
    // To run on time: never swapped out, and, where that is allowed, before others. What we start is not raised.
    rlimit locked{};
    ::getrlimit(RLIMIT_MEMLOCK, &locked);
    // Under a limit, locking what comes later would make it fail instead.
    const bool unlimited = ::geteuid() == 0 || locked.rlim_cur == RLIM_INFINITY;
    ::mlockall(unlimited ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT);
    const sched_param first{.sched_priority = 1};
    if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) != 0) ::setpriority(PRIO_PROCESS, 0, -10);
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
    if (given["--namespace"] == "no") options.own_namespace = OwnNamespace::no;
    if (given.contains("--bin")) options.programs = given["--bin"];
    Fencer fencer(std::move(options), std::move(*page));
    return fencer.run();
}

}  // namespace cloudshelf::region
