#pragma once

#include "cli/control_ground.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <string>
#include <vector>

namespace cloudshelf::cli {

/// What one process used while it was measured.
struct ProcessFigures {
    std::string name;
    double cores = 0;
    double resident_mib_max = 0;
    // Of controllers
    double region_looks_per_second = 0;
    double service_looks_per_second = 0;
    double late_share = 0;  // looks that began more than a quarter of a second late
    // Of members of etcd
    double calls_per_second = 0;
    double fsync_ms_mean = 0;
};

/// Calls of agents to the store, through the controllers, as the agents see them.
struct CallFigures {
    double per_second = 0;
    double p50_ms = 0;
    double p95_ms = 0;
    double p99_ms = 0;
    double max_ms = 0;

    static CallFigures of(const Durations& calls, double seconds);
};

/// Watches the processes of the ground, from the moment it is made.
class Usage {
public:
    explicit Usage(const ControlGround& ground);
    /// To be called now and then: memory is looked at.
    void look();
    std::vector<ProcessFigures> end();
    double seconds() const { return seconds_; }
    /// Of the whole machine, other people's work included.
    double machine_cores() const { return machine_cores_; }

private:
    struct Watched {
        std::string name;
        const Child* child = nullptr;
        int controller = -1;  // its site
        int member = -1;
        Duration cpu{};
        std::map<std::string, double> metrics;
        std::uint64_t resident_max = 0;
    };
    std::map<std::string, double> metrics_of(const Watched& one) const;

    const ControlGround& ground_;
    std::vector<Watched> watched_;
    TimePoint began_;
    Duration busy_{};
    double seconds_ = 0;
    double machine_cores_ = 0;
};

struct ControlReport {
    std::vector<ProcessFigures> processes;
    double machine_busy_cores = 0;
    double seconds = 0;
    std::string leader;
    CallFigures swaps;
    CallFigures reads;
    std::uint64_t calls_failed = 0;
    std::uint64_t swaps_refused = 0;
    std::uint64_t false_moves = 0;
    int controllers_ended = 0;  // and were not to
    std::map<std::string, std::vector<double>> figures;

    /// The times of an execution, after a loss that began at `began`.
    void add_move(const std::string& suffix, const boost::json::value& execution, TimePoint began);
    /// At most a core and a GiB for each controller, and nothing moved for nothing.
    bool met() const;
    std::string to_text() const;
    boost::json::object to_json() const;
};

}  // namespace cloudshelf::cli
