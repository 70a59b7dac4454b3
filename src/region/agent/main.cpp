#include "region/agent/main.hpp"

#include "io/log.hpp"
#include "io/signals.hpp"
#include "region/agent/agent.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace cloudshelf::region {
namespace {

io::Task<int> run(AgentConfig config, io::LeasePage page) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Agent agent(executor, std::move(config), std::move(page));
    const int status = co_await agent.run();
    // The loops hold on to the agent; the process ends here, with them.
    std::_Exit(status);
}

}  // namespace

int agent_main(std::span<const std::string> arguments) {
    if (arguments.size() != 2 || arguments[0] != "--config") {
        fmt::print(stderr, "usage: cloudshelf-region agent --config FILE\n");
        return 64;
    }
    auto config = load_agent_config(arguments[1]);
    if (!config) {
        fmt::print(stderr, "agent: {}\n", config.error().message);
        return 65;
    }
    std::error_code ignored;
    std::filesystem::create_directories(config->data, ignored);
    // The witness writes nothing anywhere; its page only says so.
    const auto path = config->witness ? config->data / "lease.page" : config->lease_page;
    auto page = io::LeasePage::open(path);
    if (!page) {
        fmt::print(stderr, "agent: {}\n", page.error().message);
        return EXIT_FAILURE;
    }
    io::log_identity({{"program", "agent"}, {"region", config->region.value()}});
    return io::run_program(run(std::move(*config), std::move(*page)));
}

}  // namespace cloudshelf::region
