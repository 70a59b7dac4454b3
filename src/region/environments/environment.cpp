#include "region/environments/environment.hpp"

#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "region/environments/errors.hpp"
#include "wire/lambda_runtime/call.hpp"
#include "wire/lambda_runtime/log_lines.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace cloudshelf::functions {
namespace {

namespace asio = boost::asio;
namespace runtime = lambda_runtime;
using namespace std::chrono_literals;

/// What had been sent when the process ended is read before its end counts.
constexpr Duration last_words = 2ms;

io::HttpResponse to_http(runtime::Answer answer) {
    return io::HttpResponse::json(answer.status, std::move(answer.body));
}

std::int64_t deadline_ms(Duration timeout) {
    const auto at = std::chrono::system_clock::now() + timeout;
    return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

std::size_t mib(std::uint64_t bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
}

io::Task<void> wait_on(asio::steady_timer* timer) {
    boost::system::error_code woken;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

/// Readable means ended; who ended is not reaped yet, so that its number stays its own while its tree is looked for.
runtime::Ending ending_of(pid_t process) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOWAIT | WNOHANG);
    if (info.si_code == CLD_EXITED) return {.status = info.si_status};
    return {.signal = info.si_status};
}

}  // namespace

Environment::Environment(std::shared_ptr<Ground> ground, std::shared_ptr<const Runnable> code, Reason reason)
    : ground_(std::move(ground)),
      code_(std::move(code)),
      reason_(reason),
      id_(fmt::format("{}-{}", ::getpid(), ground_->next_environment++)),
      born_(io::now()),
      since_(born_),
      started_(ground_->executor) {}

io::Task<void> Environment::live(std::shared_ptr<Environment> self, Changed changed) {
    self->changed_ = std::move(changed);
    auto made = co_await self->make();
    if (!made) {
        using Kind = StartFailure::Kind;
        const bool of_function = made.error().code == "functions.entrypoint";
        if (!of_function) {
            ++self->ground_->metrics.environments_not_started;
            io::log(
                io::Level::error,
                "functions.no-sandbox",
                {{"function", self->code_->function}, {"why", made.error().message}}
            );
        }
        self->fail_start({.kind = of_function ? Kind::entrypoint : Kind::no_sandbox, .text = made.error().message});
    } else {
        co_await self->watch(self, std::move(*made));
    }
    if (self->state_ != State::ended) self->become(State::ended);
    self->gone_ = true;
    self->changed_(*self);
    self->changed_ = {};
}

io::Task<Result<Sandbox>> Environment::make() {
    const auto user = ground_->users.take();
    if (!user && ground_->users.are_used()) co_return fail("functions.no-sandbox", "no user is free");
    has_user_ = user.has_value();
    auto made = co_await make_as(user);
    if (!made && user) ground_->users.give_back(*user);
    co_return made;
}

io::Task<Result<Sandbox>> Environment::make_as(std::optional<uid_t> user) {
    const HostOptions& options = ground_->options;
    api_ = std::make_unique<RuntimeApi>(ground_->executor, options.address, user, weak_from_this());
    if (const auto listening = api_->start(); !listening) co_return fail(listening.error());
    const Place place{
        .id = id_,
        .runtime_api = fmt::format("{}:{}", options.address, api_->port()),
        .temporary = ground_->environments() / id_,
    };
    SandboxPlan plan{
        .group = ground_->groups() + id_,
        .temporary = place.temporary,
        .root = code_->root,
        .variables = variables_of(*code_, options, place, reason_),
        .user = user,
        .memory_mib = code_->memory_mib,
        .processes_max = options.processes_max,
        .files_max = options.files_max,
        .temporary_bytes_max = options.temporary_bytes_max,
    };
    auto work = [plan = std::move(plan)]() mutable { return make_sandbox(std::move(plan)); };
    auto made = co_await ground_->spawner.run(std::move(work));
    co_return made;
}

io::Task<void> Environment::watch(std::shared_ptr<Environment> self, Sandbox sandbox) {
    process_ = sandbox.process;
    memory_used_ = sandbox.memory_used;
    ++ground_->metrics.environments_started;
    output_ = std::make_shared<Output>(ground_->executor, sandbox.output, [this](std::string_view text) {
        take_output(text);
    });
    io::run_in_background(ground_->executor, Output::read(output_));
    if (waiting_) waiting_->timer.cancel();  // it was faster than we
    asio::posix::stream_descriptor exit(ground_->executor, sandbox.watch);
    if (ended_by_us_) ::kill(process_, SIGKILL);
    boost::system::error_code ignored;
    co_await exit.async_wait(
        asio::posix::stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, ignored)
    );
    if (state_ != State::ended) co_await io::wait_for(last_words);
    output_->drain();
    on_exit(ending_of(process_));
    output_->close();
    output_.reset();
    exit.close(ignored);
    if (memory_used_ >= 0) ::close(std::exchange(memory_used_, -1));
    const auto user = sandbox.plan.user;
    auto work = [sandbox = std::move(sandbox)]() mutable { return remove_sandbox(std::move(sandbox)); };
    const auto removed = co_await ground_->sweeper.run(std::move(work));
    process_ = 0;
    ground_->metrics.memory_kills += removed.memory_kills;
    if (!user) co_return;
    if (removed.whole) {
        ground_->users.give_back(*user);
    } else {
        ++ground_->metrics.users_lost;
        io::log(
            io::Level::error, "functions.not-killed", {{"function", code_->function}, {"user", std::to_string(*user)}}
        );
    }
}

void Environment::become(State state) {
    state_ = state;
    since_ = io::now();
}

void Environment::end() {
    if (state_ == State::ended) return;
    ended_by_us_ = true;
    become(State::ended);
    if (process_ > 0 && has_user_) ::kill(process_, SIGKILL);
    if (process_ > 0 && !has_user_) {
        auto kill = [](std::shared_ptr<Ground> ground, pid_t process) -> io::Task<void> {
            auto work = [process] {
                kill_tree_of(process);
                return true;
            };
            co_await ground->sweeper.run(std::move(work));
        };
        io::run_in_background(ground_->executor, kill(ground_, process_));
    }
    if (!start_failure_) start_failure_ = StartFailure{};
    started_.cancel();
    if (waiting_) waiting_->timer.cancel();
    finish({.by_us = true});
    api_.reset();
    if (changed_) changed_(*this);
}

// ---- starting

io::Task<std::optional<StartFailure>> Environment::wait_started(Duration limit) {
    const auto self = shared_from_this();
    if (state_ == State::starting && !start_failure_) {
        started_.expires_after(limit);
        co_await wait_on(&started_);
    }
    if (start_failure_) co_return start_failure_;
    if (state_ == State::starting) co_return StartFailure{.kind = StartFailure::Kind::slow};
    co_return std::nullopt;
}

void Environment::fail_start(StartFailure failure) {
    if (!start_failure_) start_failure_ = std::move(failure);
    started_.cancel();
}

runtime::Answer Environment::fail_init(Posted posted) {
    if (state_ != State::starting) return runtime::invalid_state();
    if (posted.is_too_large) return runtime::too_large();
    fail_start({
        .kind = StartFailure::Kind::posted,
        .type = runtime::type_of_posted(posted.error_type, posted.body),
        .text = runtime::posted(posted.error_type, posted.body),
    });
    return runtime::accepted();
}

runtime::Failure Environment::told(const StartFailure& failure, std::string_view request_id) const {
    using Kind = StartFailure::Kind;
    switch (failure.kind) {
        case Kind::entrypoint:
            return runtime::invalid_entrypoint(request_id, failure.text);
        case Kind::exited:
            return runtime::exited(request_id, failure.ending);
        case Kind::slow:
            return runtime::timed_out(request_id, io::utc_now(), code_->timeout);
        case Kind::posted:
            return {.type = failure.type, .message = failure.text};
        default:
            return {.type = "Sandbox.Failure", .message = failure.text};
    }
}

std::string Environment::why(const StartFailure& failure) const {
    if (failure.kind == StartFailure::Kind::slow) return runtime::slow_start(ground_->options.init_limit).message;
    return told(failure, id_).message;
}

Outcome Environment::failed_start(const StartFailure& failure, const Invocation& invocation) {
    const auto reason = told(failure, invocation.request_id);
    const bool is_posted = failure.kind == StartFailure::Kind::posted;
    const bool is_late = failure.kind == StartFailure::Kind::slow;
    const std::string said = std::exchange(log_, {});
    current_.emplace(std::make_shared<Invocation>(invocation), code_->timeout, asio::steady_timer(ground_->executor));
    write_log(runtime::start_line(invocation.request_id, code_->version));
    log_ += said;
    if (is_late) current_->duration = code_->timeout;
    ++ground_->metrics.invocations;
    ground_->metrics.timeouts += is_late ? 1 : 0;
    auto answer = outcome({
        .payload = is_posted ? failure.text : runtime::document(reason),
        .error_type = reason.type,
        .log_line = is_posted ? std::string() : reason.message + "\n",
    });
    current_.reset();
    return answer;
}

// ---- one invocation

io::Task<std::optional<Result<Outcome>>> Environment::run(std::shared_ptr<Invocation> invocation, Duration timeout) {
    const auto self = shared_from_this();
    if (state_ == State::ended) co_return std::nullopt;
    current_.emplace(
        std::move(invocation), timeout, asio::steady_timer(ground_->executor, ground_->options.rest_limit)
    );
    if (waiting_) waiting_->timer.cancel();
    while (!current_->ended) {
        co_await wait_on(&current_->timer);
        if (current_->ended || current_->timer.expiry() > std::chrono::steady_clock::now()) continue;
        if (!current_->handed_over) break;
        time_out();
    }
    if (!current_->handed_over) {
        current_.reset();
        co_return std::nullopt;
    }
    Ended ended = std::move(*current_->ended);
    if (ended.by_us) {
        current_.reset();
        co_return fail(stopping(Certainty::unknown));
    }
    if (output_) output_->drain();
    auto told = outcome(std::move(ended));
    current_.reset();
    co_return told;
}

io::Task<io::HttpResponse> Environment::next() {
    const auto self = shared_from_this();
    if (state_ == State::ended) co_return to_http(runtime::ending());
    if (state_ == State::busy || start_failure_) co_return to_http(runtime::invalid_state());
    if (waiting_) {  // its connection is most likely gone
        waiting_->is_replaced = true;
        waiting_->timer.cancel();
    }
    const auto own = std::make_shared<Waiting>(ground_->executor);
    waiting_ = own;
    const bool is_first = state_ == State::starting;
    if (is_first) {
        init_duration_ = io::now() - born_;
        tell_init_ = reason_ == Reason::invocation;
    }
    become(State::idle);
    if (is_first) started_.cancel();
    changed_(*this);
    while ((!has_work() || !output_) && state_ == State::idle && !own->is_replaced) co_await wait_on(&own->timer);
    if (own->is_replaced) co_return to_http(runtime::invalid_state());
    waiting_.reset();
    if (state_ != State::idle) co_return to_http(runtime::ending());
    co_return hand_over();
}

bool Environment::has_work() const {
    return current_ && !current_->handed_over && !current_->ended;
}

io::HttpResponse Environment::hand_over() {
    become(State::busy);
    Invocation& invocation = *current_->invocation;
    current_->handed_over = io::now();
    current_->timer.expires_after(current_->timeout);
    ++ground_->metrics.invocations;
    output_->drain();  // what it wrote before belongs there
    write_log(runtime::start_line(invocation.request_id, code_->version));
    io::HttpResponse response{.status = 200};
    response.headers = {
        {"Content-Type", "application/json"},
        {"Lambda-Runtime-Aws-Request-Id", invocation.request_id},
        {"Lambda-Runtime-Deadline-Ms", std::to_string(deadline_ms(current_->timeout))},
        {"Lambda-Runtime-Invoked-Function-Arn", invocation.arn},
    };
    if (!invocation.trace_id.empty()) response.headers.emplace_back("Lambda-Runtime-Trace-Id", invocation.trace_id);
    if (!invocation.client_context.empty())
        response.headers.emplace_back("Lambda-Runtime-Client-Context", invocation.client_context);
    response.body = std::move(invocation.payload);
    return response;
}

std::optional<runtime::Answer> Environment::refusal(const Posted& posted) const {
    if (state_ == State::ended) return runtime::ending();
    if (state_ != State::busy) return runtime::invalid_state();
    if (posted.request_id != current_->invocation->request_id) return runtime::invalid_request_id(posted.request_id);
    return std::nullopt;
}

runtime::Answer Environment::respond(Posted posted) {
    if (auto refused = refusal(posted)) return *refused;
    become(State::resting);
    if (posted.is_too_large) {
        const auto failure = runtime::response_too_large();
        finish({.payload = runtime::document(failure), .error_type = failure.type});
        return runtime::too_large();
    }
    finish({.payload = std::move(posted.body)});
    return runtime::accepted();
}

runtime::Answer Environment::fail_invocation(Posted posted) {
    if (posted.is_too_large) return respond(std::move(posted));
    if (auto refused = refusal(posted)) return *refused;
    become(State::resting);
    finish({
        .payload = runtime::posted(posted.error_type, posted.body),
        .error_type = runtime::type_of_posted(posted.error_type, posted.body),
    });
    return runtime::accepted();
}

void Environment::finish(Ended ended) {
    if (!current_ || current_->ended) return;
    if (current_->handed_over) current_->duration = io::now() - *current_->handed_over;
    current_->ended = std::move(ended);
    current_->timer.cancel();
}

void Environment::time_out() {
    const auto failure = runtime::timed_out(current_->invocation->request_id, io::utc_now(), code_->timeout);
    finish({
        .payload = runtime::document(failure),
        .error_type = failure.type,
        .log_line = failure.message + "\n\n",
    });
    current_->duration = code_->timeout;
    ++ground_->metrics.timeouts;
    if (output_) output_->drain();
    end();
}

void Environment::on_exit(runtime::Ending ending) {
    if (state_ == State::ended) return;
    if (state_ == State::starting) fail_start({.kind = StartFailure::Kind::exited, .ending = ending});
    become(State::ended);
    if (waiting_) waiting_->timer.cancel();
    if (current_) {
        const auto failure = runtime::exited(current_->invocation->request_id, ending);
        finish({
            .payload = runtime::document(failure),
            .error_type = failure.type,
            .log_line = failure.message + "\n" + failure.type + "\n",
        });
    }
    api_.reset();
    changed_(*this);
}

Outcome Environment::outcome(Ended ended) {
    const Invocation& invocation = *current_->invocation;
    Outcome told{
        .payload = std::move(ended.payload),
        .duration = current_->duration,
        .init_duration = std::exchange(tell_init_, false) ? init_duration_ : Duration::zero(),
        .memory_max_mib = memory_max_mib(),
    };
    ground_->metrics.duration_sum += told.duration;
    if (!ended.error_type.empty()) {
        told.function_error = "Unhandled";
        count(ended.error_type);
    }
    const runtime::Report report{
        .request_id = invocation.request_id,
        .duration = told.duration,
        .memory_mib = code_->memory_mib,
        .memory_max_mib = told.memory_max_mib,
        .init_duration = told.init_duration,
    };
    write_log(ended.log_line + runtime::end_line(invocation.request_id) + runtime::report_line(report));
    if (invocation.wants_log) told.log = runtime::tail_of(log_);
    log_.clear();
    return told;
}

void Environment::count(const std::string& error_type) {
    const bool known = error_type.starts_with("Runtime.") || error_type.starts_with("Sandbox.") ||
                       error_type == "Function.ResponseSizeTooLarge";
    auto& by_type = ground_->metrics.errors_by_type;
    ++by_type[known && by_type.size() < 32 ? error_type : "other"];
}

// ---- what it writes and uses

void Environment::take_output(std::string_view text) {
    write_log(text);
}

void Environment::write_log(std::string_view text) {
    ground_->log_files.append(code_->function, text);
    log_ += text;
    if (log_.size() > 4 * runtime::log_tail_bytes) log_.erase(0, log_.size() - runtime::log_tail_bytes);
}

std::size_t Environment::memory_max_mib() const {
    if (memory_used_ >= 0) {
        char text[32] = {};
        if (::pread(memory_used_, text, sizeof text - 1, 0) > 0) return mib(std::strtoull(text, nullptr, 10));
    }
    const auto status = process_ > 0 ? io::read_file(fmt::format("/proc/{}/status", process_)) : fail("", "");
    const auto at = status ? status->find("VmHWM:") : std::string::npos;
    return at == std::string::npos ? 0 : mib(std::strtoull(status->c_str() + at + 6, nullptr, 10) << 10);
}

}  // namespace cloudshelf::functions
