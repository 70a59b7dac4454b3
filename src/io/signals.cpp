#include "io/signals.hpp"

#include "io/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdlib>

namespace cloudshelf::io {

Task<int> asked_to_end() {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::signal_set signals(executor, SIGINT, SIGTERM);
    const int signal = co_await signals.async_wait(boost::asio::use_awaitable);
    co_return signal;
}

int run_program(Task<int> program) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    boost::asio::io_context loop(1);
    int status = EXIT_FAILURE;
    boost::asio::co_spawn(loop, std::move(program), [&](std::exception_ptr bug, int answer) {
        status = answer;
        try {
            if (bug) std::rethrow_exception(bug);
        } catch (const std::exception& problem) {
            status = EXIT_FAILURE;
            log(Level::error, "program.bug", {{"what", problem.what()}});
        }
        loop.stop();
    });
    loop.run();
    return status;
}

}  // namespace cloudshelf::io
