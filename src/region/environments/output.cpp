#include "region/environments/output.hpp"

#include "io/clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace cloudshelf::functions {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Duration window = 100ms;
constexpr std::size_t bytes_per_window = 1 << 20;
constexpr std::size_t drained_bytes_max = 256 << 10;

}  // namespace

Output::More Output::read_some() {
    std::array<char, 65536> buffer;
    const auto count = ::read(pipe_.native_handle(), buffer.data(), buffer.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR ? More::no : More::ended;
    if (count == 0) return More::ended;
    const auto bytes = static_cast<std::size_t>(count);
    bytes_in_window_ += bytes;
    if (sink_) sink_({buffer.data(), bytes});
    return More::yes;
}

io::Task<void> Output::read(std::shared_ptr<Output> self) {
    TimePoint window_end = io::now() + window;
    while (self->pipe_.is_open()) {
        boost::system::error_code problem;
        // Waits, and reads in one go with what happens to the bytes: `drain` must not find that some are on their way.
        co_await self->pipe_.async_wait(
            asio::posix::stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, problem)
        );
        if (problem || !self->pipe_.is_open() || self->read_some() == More::ended) break;
        const TimePoint now = io::now();
        if (now < window_end && self->bytes_in_window_ < bytes_per_window) continue;
        if (now < window_end) co_await io::wait_for(window_end - now);
        self->bytes_in_window_ = 0;
        window_end = io::now() + window;
    }
}

void Output::drain() {
    std::size_t before = bytes_in_window_;
    while (pipe_.is_open() && read_some() == More::yes && bytes_in_window_ - before < drained_bytes_max) {
    }
}

void Output::close() {
    sink_ = {};
    boost::system::error_code ignored;
    pipe_.close(ignored);
}

}  // namespace cloudshelf::functions
