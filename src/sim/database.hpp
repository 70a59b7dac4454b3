#pragma once

#include "base/ids.hpp"
#include "sim/process.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace cloudshelf::sim {

/// A customer's write, as it stands in the log.
struct Write {
    std::uint64_t id = 0;
    std::uint64_t epoch = 0;
    bool order = false;  // waits for the standby while they are in step
};

/// What became of a commit. A wait that was cancelled is unknown, whatever PostgreSQL calls it.
enum class Outcome { done, not_done, unknown };

/// A modelled PostgreSQL server: a log that survives, and a process that does not.
class Database {
public:
    // What is on disk.
    bool exists = false;
    bool standby_signal = false;
    bool torn = false;  // a rewind began and did not end
    std::uint64_t system_id = 0;
    std::uint32_t timeline = 1;
    std::vector<Write> log;

    // The process.
    bool running = false;
    bool in_recovery = false;
    Epoch opened_at{0};  // of the writer that it serves
    bool waits_for_standby = false;
    std::size_t standby_has = 0;  // positions confirmed by the standby
    TimePoint standby_heard{};    // by true time
    TimePoint writer_heard{};

    bool is_open() const { return running && !in_recovery; }
    /// `done` is called when the commit's fate is known.
    void commit(Write write, std::function<void(Outcome)> done);
    void standby_confirms(std::size_t position, TimePoint now);
    /// The end of every process of it. Those who wait never learn; `as_success` is the mistake of taking a cancelled
    /// wait for a success.
    void kill(bool as_success = false);
    bool has_prefix_of(const Database& other) const;
    /// How many positions two logs share.
    std::size_t common_with(const Database& other) const;

private:
    struct Waiting {
        std::size_t position;
        std::function<void(Outcome)> done;
    };
    std::deque<Waiting> waiting_;
};

}  // namespace cloudshelf::sim
