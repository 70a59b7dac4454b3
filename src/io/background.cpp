#include "io/background.hpp"

#include "io/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <cstdlib>
#include <exception>

namespace cloudshelf::io {

void run_in_background(Executor executor, Task<void> task) {
    boost::asio::co_spawn(executor, std::move(task), [](std::exception_ptr bug) {
        if (!bug) return;
        try {
            std::rethrow_exception(bug);
        } catch (const std::exception& problem) {
            log(Level::error, "program.bug", {{"what", problem.what()}});
        }
        std::_Exit(70);
    });
}

}  // namespace cloudshelf::io
