#pragma once

#include "drivers/postgres/cluster.hpp"
#include "drivers/postgres/observer.hpp"
#include "io/blocking.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"
#include "io/tls.hpp"

#include <memory>

namespace cloudshelf::region {

/// The region's PostgreSQL for the loop: whatever blocks runs in a pool, and looking has a pool of its own, so that
/// neither a renewal nor a look ever waits for what is being done to the server. Calls and errors: postgres::Cluster.
class Server {
public:
    explicit Server(const postgres::ClusterOptions& options) : cluster_(options), observer_(options) {}

    /// Looks again and again, until the end.
    io::Task<void> watch(Duration interval);
    /// What was seen last; all empty where it did not answer.
    const postgres::Observation& seen() const { return seen_; }
    /// One look now, which counts as seen.
    io::Task<Result<postgres::Observation>> look();
    /// PostgreSQL has copies of the certificates of its own, which it reads when told to: whenever `tls` has new ones.
    io::Task<void> take_certificates(std::shared_ptr<io::TlsContext> tls);

    bool is_whole() const { return cluster_.is_whole(); }
    bool is_standby() const { return cluster_.is_standby(); }
    io::Task<bool> is_running();

    io::Task<Result<void>> initialize();
    io::Task<Result<void>> start_primary();
    /// The configuration of a writer first.
    io::Task<Result<void>> start_as_writer();
    /// The configuration of a standby of `primary` first.
    io::Task<Result<void>> start_as_standby_of(postgres::Address primary);
    io::Task<Result<void>> start_standby();
    io::Task<Result<void>> promote(io::Deadline deadline);
    io::Task<Result<core::PromotionToken>> stop_for_switchover(Duration limit);
    io::Task<Result<void>> kill();
    io::Task<postgres::RejoinReport> rejoin(postgres::Address primary);
    io::Task<Result<void>> provision();
    io::Task<Result<void>> checkpoint();
    io::Task<Result<void>> maintain();
    io::Task<Result<void>> set_synchronous(bool wait_for_standby);

private:
    io::BlockingPool pool_{4};
    io::BlockingPool observer_pool_{1};
    postgres::Cluster cluster_;
    postgres::Observer observer_;
    postgres::Observation seen_;
};

}  // namespace cloudshelf::region
