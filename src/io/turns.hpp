#pragma once

#include "io/clock.hpp"
#include "io/task.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace cloudshelf::io {

/// Lets so many do something at a time. Of those who wait, the latest comes first: it has the most time left to make
/// use of its turn, while whom the first works for has often gone. One executor, one thread.
class Turns {
public:
    explicit Turns(int at_once) : free_(at_once) {}

    /// Given back when it goes.
    class Turn {
    public:
        explicit Turn(std::shared_ptr<Turns> turns) : turns_(std::move(turns)) {}
        Turn(Turn&&) = default;
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (turns_) turns_->pass_on();
        }

    private:
        std::shared_ptr<Turns> turns_;
    };

    /// Nothing when the deadline comes first.
    static Task<std::optional<Turn>> take(std::shared_ptr<Turns> turns, Executor executor, Deadline deadline);

private:
    struct Waiting {
        boost::asio::steady_timer timer;
        bool has_it = false;
    };
    void pass_on();

    int free_;
    std::vector<std::shared_ptr<Waiting>> waiting_;
};

/// TLS handshakes at a time, of one client and of one server. Without a bound, thousands that begin at once all end too
/// late for whoever began them, and are begun again for ever.
inline constexpr int client_handshakes_max = 64;
inline constexpr int server_handshakes_max = 128;

}  // namespace cloudshelf::io
