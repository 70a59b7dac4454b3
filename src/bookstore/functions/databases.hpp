#pragma once

#include "base/time.hpp"
#include "bookstore/postgres_database.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace cloudshelf::bookstore {

/// The database servers of all regions, as one environment of a function sees them: nothing watches behind its back, as
/// an environment that waits may be frozen. What is found out is good for a second, or until a request failed.
class Databases {
public:
    Databases(const std::vector<PostgresServer>& servers, const PostgresOptions& options);

    /// Null for a region that has none.
    PostgresPool* in_region(std::string_view region);
    /// The server that takes writes, by asking each; null when none says that it does. Two can both say so for a
    /// moment: the epoch check and the fencer are what keeps them apart, not this.
    PostgresPool* find_writer();
    /// Ours first; those that did not answer lately last.
    std::vector<PostgresPool*> readers();
    bool ours_answers();
    /// Opens a connection to each.
    void warm();
    /// A request failed: whatever is believed of the servers is to be found out again.
    void look_again();

private:
    struct Site {
        std::unique_ptr<PostgresPool> pool;
        bool answers = true;
        bool is_primary = false;
    };
    void look();

    std::vector<Site> sites_;
    TimePoint good_until_{};
    bool in_doubt_ = false;
};

}  // namespace cloudshelf::bookstore
