#include "controller/main.hpp"

#include "controller/controller.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"
#include "store/sqlite.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace cloudshelf::controller {
namespace {

io::Task<int> run(ControllerConfig config, std::unique_ptr<store::Store> store) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Controller controller(executor, std::move(config), std::move(store));
    const int status = co_await controller.run();
    // The loops hold on to the controller; the process ends here, with them. Everything that counts is durable.
    std::_Exit(status);
}

}  // namespace

int controller_main(const std::filesystem::path& path) {
    auto config = load_controller_config(path);
    if (!config) {
        fmt::print(stderr, "controller: {}\n", config.error().message);
        return 65;
    }
    std::error_code ignored;
    std::filesystem::create_directories(config->data, ignored);
    auto store = store::SqliteStore::open(config->data / "state.db");
    if (!store) {
        fmt::print(stderr, "controller: {}\n", store.error().message);
        return store.error().code == "store.other-version" ? 76 : 74;
    }
    io::log_identity({{"program", "controller"}});
    return io::run_program(run(std::move(*config), std::move(*store)));
}

}  // namespace cloudshelf::controller
