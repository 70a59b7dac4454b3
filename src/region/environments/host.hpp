#pragma once

#include "region/environments/environment.hpp"
#include "region/environments/ground.hpp"
#include "region/environments/provisions.hpp"
#include "region/environments/runner.hpp"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cloudshelf::functions {

/// Runs functions as processes of this machine: which environment takes which invocation, and how many there may be.
class Host : public Runner, public std::enable_shared_from_this<Host> {
public:
    /// Ends what an earlier life left. Blocks for as long as that takes. Errors: "functions.folder".
    static Result<std::shared_ptr<Host>> open(io::Executor executor, HostOptions options);

    io::Task<Result<Outcome>> invoke(std::shared_ptr<const Runnable> code, Invocation invocation) override;
    void reserve(std::string_view function, std::optional<std::size_t> concurrency) override;
    void provision(std::shared_ptr<const Runnable> code, std::size_t environments) override;
    Provisioned provisioned(std::string_view function, std::string_view version) const override;
    void retire(std::string_view function, std::string_view version, std::string_view kept_revision) override;

    Metrics metrics() const;
    /// Takes no more invocations, ends what is idle, lets invocations end until the deadline, then kills. Returns when
    /// nothing is left. To be called, and to have returned, before the executor ends.
    io::Task<void> stop(io::Deadline deadline);

    Host(io::Executor executor, HostOptions options);

private:
    using EnvironmentPtr = std::shared_ptr<Environment>;
    /// An invocation's part of the limits, given back when it goes.
    class Admission;

    std::optional<std::string> why_not_admitted(const std::string& function) const;
    EnvironmentPtr take_idle(const Runnable& code);
    EnvironmentPtr launch(std::shared_ptr<const Runnable> code, Reason reason);
    io::Task<Result<Outcome>> invoke_cold(std::shared_ptr<const Runnable> code, std::shared_ptr<Invocation> invocation);
    void release(const EnvironmentPtr& environment);
    void list(const EnvironmentPtr& environment);
    void unlist(Environment& environment);
    void on_change(Environment& environment);
    bool make_room();

    void keep_provisions();
    void keep(Provision& provision);
    void replace(const Environment& ended);
    static io::Task<void> bring_up(std::shared_ptr<Host> self, EnvironmentPtr environment);

    static io::Task<void> look_after(std::shared_ptr<Host> self);
    void end_old_ones();

    std::shared_ptr<Ground> ground_;
    std::vector<EnvironmentPtr> all_;    // until they are gone
    std::vector<EnvironmentPtr> ready_;  // may be claimed; the one used last comes last
    std::map<std::string, std::size_t, std::less<>> reserved_;
    std::map<std::string, std::size_t, std::less<>> busy_;  // invocations of each function
    Provisions provisions_;
    boost::asio::steady_timer tick_;
    bool stopping_ = false;
    bool looking_after_ = false;
};

}  // namespace cloudshelf::functions
