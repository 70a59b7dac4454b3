#include "controller/main.hpp"

#include "controller/controller.hpp"
#include "io/log.hpp"
#include "io/process.hpp"
#include "io/signals.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace cloudshelf::controller {
namespace {

io::Task<int> run(ControllerConfig config) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto store = open_store(executor, config);
    if (!store) {
        fmt::print(stderr, "controller: {}\n", store.error().message);
        std::_Exit(store.error().code == "store.other-version" ? 76 : 74);
    }
    Controller controller(executor, std::move(config), std::move(*store));
    const int status = co_await controller.run();
    // The loops hold on to the controller; the process ends here, with them. Everything that counts is durable.
    std::_Exit(status);
}

}  // namespace

int controller_main(const std::filesystem::path& path, Limits limits) {
    auto config = load_controller_config(path);
    if (!config) {
        fmt::print(stderr, "controller: {}\n", config.error().message);
        return 65;
    }
    config->limits = limits;
    std::error_code ignored;
    std::filesystem::create_directories(config->data, ignored);
    io::log_identity({{"program", "controller"}});
    io::raise_descriptor_limit();
    return io::run_program(run(std::move(*config)));
}

}  // namespace cloudshelf::controller
