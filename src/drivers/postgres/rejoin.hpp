#pragma once

#include "base/result.hpp"
#include "core/timelines.hpp"
#include "drivers/postgres/access.hpp"
#include "drivers/postgres/configuration.hpp"
#include "drivers/postgres/options.hpp"
#include "drivers/postgres/programs.hpp"
#include "drivers/postgres/rejoin_journal.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace cloudshelf::postgres {

enum class Rejoined { rewound, cloned, quarantined };

struct RejoinReport {
    Rejoined how = Rejoined::quarantined;
    bool again = false;  // with quarantined: the writer was not there; nothing was changed, call again
    std::uint64_t stranded_writes = 0;
    std::string detail;
};

/// One attempt to make the data folder, whatever it is, a standby's of the writer. The server does not run meanwhile.
class Rejoin {
public:
    explicit Rejoin(const ClusterOptions& options)
        : options_(options), access_(options), configuration_(options), journal_(options) {}

    /// Cluster::rejoin. Blocks for as long as copying takes.
    RejoinReport run(const Address& writer, std::function<void(const std::string&)> progress);

private:
    struct Writer {
        std::string system_id;
        core::Lineage lineage;
    };
    /// Errors: "postgres.no-writer", "postgres.history".
    Result<Writer> ask(const Address& writer, std::uint32_t our_timeline) const;
    RejoinReport quarantine(const Error& error) const;
    RejoinReport clone(const Address& writer, const std::string& why);
    RejoinReport rewind_or_clone(const Address& writer, const ControlData& found, const Writer& asked);
    Result<void> rewind(const Address& writer) const;
    /// What the folder says of itself from now on.
    Result<void> make_standby() const;

    const ClusterOptions& options_;
    Access access_;
    Configuration configuration_;
    RejoinJournal journal_;
    std::function<void(const std::string&)> progress_;
    RejoinReport report_;  // of what was found so far
};

}  // namespace cloudshelf::postgres
