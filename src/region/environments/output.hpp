#pragma once

#include "io/task.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace cloudshelf::functions {

/// What a process writes, as it comes. Read no faster than a bound: who writes without end waits on a full pipe, and
/// takes no more of the loop's time than others.
class Output : public std::enable_shared_from_this<Output> {
public:
    using Sink = std::function<void(std::string_view)>;
    /// Takes over the descriptor, which does not block.
    Output(io::Executor executor, int descriptor, Sink sink)
        : pipe_(std::move(executor), descriptor), sink_(std::move(sink)) {}

    /// Reads until the end, or until closed.
    static io::Task<void> read(std::shared_ptr<Output> self);
    /// What the kernel has now: what was written before an answer came.
    void drain();
    /// Nothing reaches the sink any more.
    void close();

private:
    enum class More { no, yes, ended };
    More read_some();

    boost::asio::posix::stream_descriptor pipe_;
    Sink sink_;
    std::size_t bytes_in_window_ = 0;
};

}  // namespace cloudshelf::functions
