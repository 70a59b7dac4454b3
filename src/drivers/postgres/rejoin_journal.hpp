#pragma once

#include "base/result.hpp"
#include "drivers/postgres/options.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cloudshelf::postgres {

/// `<pgconf>/rejoin.json`: what is under way with the data folder, written before it begins. The fencer reads it, too.
class RejoinJournal {
public:
    struct Entry {
        std::string phase;  // "export": the folder is as it was; "rewind", "clone": it may be half done
        std::uint64_t stranded = 0;
        std::string detail;

        bool half_done() const { return phase != "export"; }
    };

    explicit RejoinJournal(const ClusterOptions& options) : options_(options) {}

    /// Errors: "postgres.files", those of io::replace_file.
    Result<void> note(const Entry& entry) const;
    /// Nothing where no rejoin is under way. A journal that cannot be read counts as a clone.
    std::optional<Entry> unfinished() const;
    void finished() const;
    /// Errors: "postgres.half-done".
    Result<void> check_startable() const;

private:
    const ClusterOptions& options_;
};

}  // namespace cloudshelf::postgres
