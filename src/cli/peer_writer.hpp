#pragma once

#include "base/time.hpp"
#include "drivers/postgres/connection.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace cloudshelf::cli {

/// The customer of a peer's database: inserts row after row into `writes (number bigint)`, each in a transaction of its
/// own, at whichever server takes writes, and remembers what was acknowledged. A number whose outcome is unknown is not
/// used again, so that what is found afterwards is never ambiguous.
class NumberedWriter {
public:
    /// Starts at once, on a thread of its own. `parameters` are libpq's; several hosts with
    /// target_session_attrs=read-write make it look for the server that takes writes.
    explicit NumberedWriter(std::map<std::string, std::string> parameters);

    /// Ends it; waits for the insert, or the attempt to connect, that is under way (a few seconds at the most).
    void stop();

    /// The address of the server that acknowledged last; empty before the first.
    std::string server() const;
    /// When a server acknowledged for the first time.
    std::optional<TimePoint> first_from(const std::string& server) const;
    /// The numbers acknowledged so far, ascending.
    std::vector<std::uint64_t> acknowledged() const;

private:
    void run(const std::stop_token& stop);
    void write(postgres::Connection& connection, const std::stop_token& stop);

    const std::map<std::string, std::string> parameters_;
    std::uint64_t number_ = 0;  // the thread's own
    mutable std::mutex mutex_;  // of all below, but the thread
    std::vector<std::uint64_t> acknowledged_;
    std::map<std::string, TimePoint> first_from_;
    std::string server_;
    std::jthread thread_;  // last: ends before what it uses
};

/// How many acknowledged writes are not among those found. Both ascending, without repetitions.
std::uint64_t count_lost(const std::vector<std::uint64_t>& acknowledged, const std::vector<std::uint64_t>& found);

}  // namespace cloudshelf::cli
