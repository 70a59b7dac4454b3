#include "cli/peer_writer.hpp"

#include "io/clock.hpp"

#include <algorithm>
#include <iterator>

namespace cloudshelf::cli {

using namespace std::chrono_literals;

NumberedWriter::NumberedWriter(std::map<std::string, std::string> parameters)
    : parameters_(std::move(parameters)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void NumberedWriter::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void NumberedWriter::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (auto connection = postgres::Connection::open(parameters_, 2s)) write(*connection, stop);
        // A refusal comes at once: do not take the processor from those who recover.
        std::this_thread::sleep_for(20ms);
    }
}

void NumberedWriter::write(postgres::Connection& connection, const std::stop_token& stop) {
    const auto asked = connection.execute("select host(inet_server_addr())");
    if (!asked) return;
    const std::string server = asked->rows.at(0).at(0).value_or("");
    while (!stop.stop_requested()) {
        const auto done = connection.execute("insert into writes values ($1)", {std::to_string(++number_)});
        if (!done) return;
        const TimePoint at = io::now();
        const std::scoped_lock lock(mutex_);
        acknowledged_.push_back(number_);
        first_from_.try_emplace(server, at);
        server_ = server;
    }
}

std::string NumberedWriter::server() const {
    const std::scoped_lock lock(mutex_);
    return server_;
}

std::optional<TimePoint> NumberedWriter::first_from(const std::string& server) const {
    const std::scoped_lock lock(mutex_);
    const auto found = first_from_.find(server);
    return found == first_from_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::uint64_t> NumberedWriter::acknowledged() const {
    const std::scoped_lock lock(mutex_);
    return acknowledged_;
}

std::uint64_t count_lost(const std::vector<std::uint64_t>& acknowledged, const std::vector<std::uint64_t>& found) {
    std::vector<std::uint64_t> lost;
    std::ranges::set_difference(acknowledged, found, std::back_inserter(lost));
    return lost.size();
}

}  // namespace cloudshelf::cli
