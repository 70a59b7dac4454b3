#pragma once

#include "region/environments/ground.hpp"
#include "region/environments/output.hpp"
#include "region/environments/runner.hpp"
#include "region/environments/runtime_api.hpp"
#include "region/environments/sandbox.hpp"
#include "region/environments/variables.hpp"
#include "wire/lambda_runtime/failure.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cloudshelf::functions {

/// Why an environment did not come up.
struct StartFailure {
    enum class Kind {
        entrypoint,  // `text`: the system's word
        exited,
        posted,  // the process said so itself: `text` is its document, `type` its type
        slow,
        no_sandbox,  // ours
        ended,       // by us
    };
    Kind kind = Kind::ended;
    std::string type;
    std::string text;
    lambda_runtime::Ending ending;
};

/// One process of a function, its runtime API and what it does now. One invocation at a time. Lives on one executor.
///
///     starting ─▶ idle ◀─▶ busy ─▶ resting ─▶ idle        each ─▶ ended (─▶ gone, when nothing of it is left)
///
/// resting: it has answered and not yet asked for the next.
class Environment : public RuntimeCalls, public std::enable_shared_from_this<Environment> {
public:
    enum class State { starting, idle, busy, resting, ended };

    Environment(std::shared_ptr<Ground> ground, std::shared_ptr<const Runnable> code, Reason reason);

    /// Told when an environment has become idle, has ended, is gone.
    using Changed = std::function<void(Environment&)>;
    /// Starts, watches and, when it has ended, removes the process.
    static io::Task<void> live(std::shared_ptr<Environment> self, Changed changed);

    /// Nothing when the process has asked for its first invocation.
    io::Task<std::optional<StartFailure>> wait_started(Duration limit);
    /// Nothing when the invocation was not handed over: it may be given to another environment. Error:
    /// "functions.stopping", when `end` came first.
    io::Task<std::optional<Result<Outcome>>> run(std::shared_ptr<Invocation> invocation, Duration timeout);
    /// As `run` answers, for an invocation that this environment was started for in vain.
    Outcome failed_start(const StartFailure& failure, const Invocation& invocation);
    /// The same for people, when no invocation waited.
    std::string why(const StartFailure& failure) const;
    /// Kills the process.
    void end();

    State state() const { return state_; }
    bool is_gone() const { return gone_; }
    const Runnable& code() const { return *code_; }
    Reason reason() const { return reason_; }
    /// Since the last change of `state`.
    TimePoint since() const { return since_; }
    TimePoint born() const { return born_; }
    /// Whether it has ever asked for an invocation.
    bool has_started() const { return init_duration_ > Duration::zero(); }

    // For the host alone:
    bool claimed = false;   // by an invocation
    bool listed = false;    // among those that may be claimed
    bool retiring = false;  // ends when no longer claimed
    bool ended_by_us() const { return ended_by_us_; }

    io::Task<io::HttpResponse> next() override;
    lambda_runtime::Answer respond(Posted posted) override;
    lambda_runtime::Answer fail_invocation(Posted posted) override;
    lambda_runtime::Answer fail_init(Posted posted) override;

private:
    /// A call of `next` that waits.
    struct Waiting {
        explicit Waiting(const io::Executor& executor)
            : timer(executor, boost::asio::steady_timer::time_point::max()) {}
        boost::asio::steady_timer timer;
        bool is_replaced = false;
    };
    struct Ended {
        std::string payload;
        std::string error_type;  // empty: the function answered
        std::string log_line;    // what Lambda writes about it into the log
        bool by_us = false;
    };
    /// The invocation that is claimed for or at work.
    struct Current {
        std::shared_ptr<Invocation> invocation;
        Duration timeout{};
        boost::asio::steady_timer timer;
        std::optional<TimePoint> handed_over;
        Duration duration{};
        std::optional<Ended> ended;
    };

    io::Task<Result<Sandbox>> make();
    io::Task<Result<Sandbox>> make_as(std::optional<uid_t> user);
    io::Task<void> watch(std::shared_ptr<Environment> self, Sandbox sandbox);
    void become(State state);
    void take_output(std::string_view text);
    void write_log(std::string_view text);
    void fail_start(StartFailure failure);
    lambda_runtime::Failure told(const StartFailure& failure, std::string_view request_id) const;
    bool has_work() const;
    io::HttpResponse hand_over();
    std::optional<lambda_runtime::Answer> refusal(const Posted& posted) const;
    void finish(Ended ended);
    void time_out();
    void on_exit(lambda_runtime::Ending ending);
    Outcome outcome(Ended ended);
    void count(const std::string& error_type);
    std::size_t memory_max_mib() const;

    std::shared_ptr<Ground> ground_;
    std::shared_ptr<const Runnable> code_;
    Reason reason_;
    std::string id_;
    Changed changed_;
    std::unique_ptr<RuntimeApi> api_;
    std::shared_ptr<Output> output_;
    pid_t process_ = 0;
    int memory_used_ = -1;
    bool has_user_ = false;

    State state_ = State::starting;
    TimePoint born_;
    TimePoint since_;
    bool gone_ = false;
    bool ended_by_us_ = false;
    std::optional<StartFailure> start_failure_;
    boost::asio::steady_timer started_;
    Duration init_duration_{};
    bool tell_init_ = false;  // in the next outcome
    std::shared_ptr<Waiting> waiting_;
    std::optional<Current> current_;
    std::string log_;  // of the invocation, as much as a tail needs
};

}  // namespace cloudshelf::functions
