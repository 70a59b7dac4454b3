#include "region/environments/host.hpp"

#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"
#include "region/environments/errors.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <unistd.h>
#include <utility>

namespace cloudshelf::functions {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using State = Environment::State;

/// How often an invocation is given to another environment because one ended, or did not ask, before it was handed
/// over.
constexpr int warm_tries = 3;
/// Log files are written, old environments looked for and provisions looked after so often.
constexpr Duration tick_interval = 250ms;
/// A provisioned environment that lived so long was a good one.
constexpr Duration good_life = 10s;
constexpr std::size_t starting_at_once_max = 4;

bool is_of(const Environment& environment, std::string_view function, std::string_view version) {
    return environment.code().function == function && environment.code().version == version;
}

}  // namespace

class Host::Admission {
public:
    Admission(Host* host, std::string function) : host_(host), function_(std::move(function)) {
        ++host_->busy_[function_];
    }
    ~Admission() {
        const auto count = host_->busy_.find(function_);
        if (--count->second == 0) host_->busy_.erase(count);
    }
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

private:
    Host* host_;
    std::string function_;
};

Host::Host(io::Executor executor, HostOptions options)
    : ground_(std::make_shared<Ground>(executor, std::move(options))), tick_(executor) {}

Result<std::shared_ptr<Host>> Host::open(io::Executor executor, HostOptions options) {
    options.folder = fs::absolute(options.folder);
    auto host = std::make_shared<Host>(std::move(executor), std::move(options));
    const Ground& ground = *host->ground_;
    if (::geteuid() == 0 && !ground.users.are_used())
        io::log(io::Level::warning, "functions.run-as-root", {{"folder", ground.options.folder.string()}});
    remove_leftovers(
        ground.environments(),
        ground.groups(),
        ground.users.are_used() ? ground.options.users_first : 0,
        ground.users_count()
    );
    std::error_code failed;
    fs::create_directories(ground.environments(), failed);
    if (!failed) fs::create_directories(ground.logs(), failed);
    if (failed)
        return fail("functions.folder", fmt::format("{}: {}", ground.options.folder.string(), failed.message()));
    host->looking_after_ = true;
    io::run_in_background(ground.executor, look_after(host));
    return host;
}

// ---- invocations

std::optional<std::string> Host::why_not_admitted(const std::string& function) const {
    const auto own = busy_.find(function);
    const std::size_t busy = own == busy_.end() ? 0 : own->second;
    const auto reserved = reserved_.find(function);
    if (reserved != reserved_.end()) {
        if (busy < reserved->second) return std::nullopt;
        return fmt::format("{} has {} invocations at work, as many as are reserved for it", function, busy);
    }
    std::size_t room = ground_->options.environments_max;
    for (const auto& [name, count] : reserved_) room -= std::min(room, count);
    std::size_t others = 0;
    for (const auto& [name, count] : busy_) others += reserved_.contains(name) ? 0 : count;
    if (others < room) return std::nullopt;
    return fmt::format(
        "{} invocations are at work, as many as the host takes of functions with nothing reserved", others
    );
}

io::Task<Result<Outcome>> Host::invoke(std::shared_ptr<const Runnable> code, Invocation invocation) {
    const auto self = shared_from_this();
    if (stopping_) co_return fail(stopping(Certainty::not_done));
    if (const auto why = why_not_admitted(code->function)) {
        ++ground_->metrics.throttles;
        co_return fail(throttled(*why));
    }
    const Admission admission(this, code->function);
    const auto shared = std::make_shared<Invocation>(std::move(invocation));
    for (int tries = 0; tries < warm_tries; ++tries) {
        const auto environment = take_idle(*code);
        if (!environment) break;
        auto outcome = co_await environment->run(shared, code->timeout);
        release(environment);
        if (outcome) co_return std::move(*outcome);
        if (stopping_) co_return fail(stopping(Certainty::not_done));
    }
    auto outcome = co_await invoke_cold(code, shared);
    co_return outcome;
}

/// Init has ten seconds of its own, as Lambda gives it; when that fails, it is tried once more as a part of the
/// invocation.
io::Task<Result<Outcome>> Host::invoke_cold(
    std::shared_ptr<const Runnable> code, std::shared_ptr<Invocation> invocation
) {
    ++ground_->metrics.cold_starts;
    for (const bool is_last : {false, true}) {
        if (stopping_) co_return fail(stopping(Certainty::not_done));
        const auto environment = launch(code, Reason::invocation);
        if (!environment) {
            ++ground_->metrics.throttles;
            co_return fail(throttled("as many environments as the host may have are at work"));
        }
        environment->claimed = true;
        const TimePoint began = io::now();
        const Duration limit = is_last ? code->timeout : ground_->options.init_limit;
        auto failure = co_await environment->wait_started(limit);
        if (!failure) {
            const Duration left = is_last ? code->timeout - (io::now() - began) : code->timeout;
            auto outcome = co_await environment->run(invocation, left);
            release(environment);
            if (outcome) co_return std::move(*outcome);
            if (!is_last) continue;
            failure = StartFailure{.kind = StartFailure::Kind::no_sandbox, .text = "the environment ended"};
        }
        using Kind = StartFailure::Kind;
        environment->end();
        if (failure->kind == Kind::no_sandbox) co_return fail(throttled("no environment can be started now"));
        if (failure->kind == Kind::ended) continue;
        if (is_last || failure->kind == Kind::entrypoint) co_return environment->failed_start(*failure, *invocation);
    }
    co_return fail(stopping(Certainty::not_done));
}

Host::EnvironmentPtr Host::take_idle(const Runnable& code) {
    EnvironmentPtr found;
    for (const auto& environment : ready_ | std::views::reverse) {
        const Runnable& its = environment->code();
        if (its.revision != code.revision || its.function != code.function || its.version != code.version) continue;
        if (!found || environment->state() == State::idle) found = environment;
        if (found->state() == State::idle) break;  // else it has not asked yet: only when there is no other
    }
    if (!found) return nullptr;
    unlist(*found);
    found->claimed = true;
    return found;
}

void Host::release(const EnvironmentPtr& environment) {
    environment->claimed = false;
    if (environment->state() == State::ended) return;
    if (environment->retiring || stopping_) {
        environment->end();
        return;
    }
    if (environment->reason() == Reason::provisioned) {
        const auto& code = environment->code();
        const auto provision = provisions_.find(std::pair(code.function, code.version));
        if (provision != provisions_.end()) provision->second.succeeded();
    }
    const bool asks_soon = io::now() - environment->since() < ground_->options.rest_limit;
    if (environment->state() == State::idle || asks_soon) list(environment);
}

void Host::list(const EnvironmentPtr& environment) {
    environment->listed = true;
    ready_.push_back(environment);
}

void Host::unlist(Environment& environment) {
    if (!std::exchange(environment.listed, false)) return;
    std::erase_if(ready_, [&](const auto& one) { return one.get() == &environment; });
}

// ---- environments

bool Host::make_room() {
    const auto is_ending = [](const EnvironmentPtr& one) { return one->state() == State::ended; };
    const auto ending = static_cast<std::size_t>(std::ranges::count_if(all_, is_ending));
    if (ending >= ground_->ending_max()) return false;
    if (all_.size() - ending < ground_->options.environments_max) return true;
    const auto oldest =
        std::ranges::find_if(ready_, [](const auto& one) { return one->reason() != Reason::provisioned; });
    if (oldest == ready_.end()) return false;
    const EnvironmentPtr environment = *oldest;
    environment->end();
    return true;
}

Host::EnvironmentPtr Host::launch(std::shared_ptr<const Runnable> code, Reason reason) {
    if (!make_room()) return nullptr;
    auto environment = std::make_shared<Environment>(ground_, std::move(code), reason);
    all_.push_back(environment);
    auto changed = [weak = weak_from_this()](Environment& one) {
        if (const auto self = weak.lock()) self->on_change(one);
    };
    io::run_in_background(ground_->executor, Environment::live(environment, std::move(changed)));
    return environment;
}

void Host::on_change(Environment& environment) {
    if (environment.is_gone()) {
        std::erase_if(all_, [&](const auto& one) { return one.get() == &environment; });
        return;
    }
    if (environment.state() == State::ended) {
        unlist(environment);
        if (environment.reason() == Reason::provisioned) replace(environment);
        return;
    }
    // It had been too slow to be listed when it had answered.
    if (environment.state() == State::idle && !environment.claimed && !environment.listed) {
        if (environment.retiring) {
            environment.end();
        } else {
            list(environment.shared_from_this());
        }
    }
}

/// One that did not come up is told of by `bring_up`.
void Host::replace(const Environment& ended) {
    if (ended.ended_by_us() || !ended.has_started()) return;
    const auto provision = provisions_.find(std::pair(ended.code().function, ended.code().version));
    if (provision == provisions_.end()) return;
    if (io::now() - ended.born() > good_life) provision->second.succeeded();
    provision->second.failed("an environment ended by itself", io::now());
    keep(provision->second);
}

void Host::reserve(std::string_view function, std::optional<std::size_t> concurrency) {
    if (concurrency) {
        reserved_.insert_or_assign(std::string(function), *concurrency);
    } else if (const auto found = reserved_.find(function); found != reserved_.end()) {
        reserved_.erase(found);
    }
}

void Host::retire(std::string_view function, std::string_view version, std::string_view kept_revision) {
    const auto provision = provisions_.find(std::pair(std::string(function), std::string(version)));
    if (provision != provisions_.end() && provision->second.code->revision != kept_revision)
        provisions_.erase(provision);
    const auto environments = all_;
    for (const auto& environment : environments) {
        if (!is_of(*environment, function, version) || environment->code().revision == kept_revision) continue;
        environment->retiring = true;
        if (!environment->claimed) environment->end();
    }
}

// ---- provisioned ones

void Host::provision(std::shared_ptr<const Runnable> code, std::size_t environments) {
    const std::pair key(code->function, code->version);
    if (environments == 0) {
        provisions_.erase(key);
    } else {
        auto& provision = provisions_[key];
        provision = {.code = code, .requested = environments};
    }
    // Too many, or of another revision than the one asked for.
    std::size_t kept = 0;
    const auto all = all_;
    for (const auto& environment : all) {
        if (environment->reason() != Reason::provisioned || !is_of(*environment, key.first, key.second)) continue;
        if (environment->state() == State::ended) continue;
        if (environment->code().revision == code->revision && kept < environments) {
            ++kept;
            continue;
        }
        environment->retiring = true;
        if (!environment->claimed) environment->end();
    }
    keep_provisions();
}

Provisioned Host::provisioned(std::string_view function, std::string_view version) const {
    Provisioned told;
    const auto found = provisions_.find(std::pair(std::string(function), std::string(version)));
    if (found == provisions_.end()) return told;
    told.requested = found->second.requested;
    told.failure = found->second.failure;
    for (const auto& environment : all_) {
        if (environment->reason() != Reason::provisioned || !is_of(*environment, function, version)) continue;
        const State state = environment->state();
        if (environment->retiring || state == State::ended || state == State::starting) continue;
        ++told.allocated;
        if (!environment->claimed) ++told.available;
    }
    return told;
}

void Host::keep_provisions() {
    for (auto& [key, provision] : provisions_) keep(provision);
}

void Host::keep(Provision& provision) {
    if (stopping_ || io::now() < provision.not_before) return;
    std::size_t have = 0;
    std::size_t starting = 0;
    for (const auto& environment : all_) {
        if (environment->reason() != Reason::provisioned || environment->retiring) continue;
        if (!is_of(*environment, provision.code->function, provision.code->version)) continue;
        if (environment->state() == State::ended) continue;
        ++have;
        if (environment->state() == State::starting) ++starting;
    }
    for (; have < provision.requested && starting < starting_at_once_max; ++have, ++starting) {
        const auto environment = launch(provision.code, Reason::provisioned);
        if (!environment) {
            provision.failed("the host has no room for more environments", io::now());
            return;
        }
        io::run_in_background(ground_->executor, bring_up(shared_from_this(), environment));
    }
}

io::Task<void> Host::bring_up(std::shared_ptr<Host> self, EnvironmentPtr environment) {
    const auto failure = co_await environment->wait_started(self->ground_->options.init_limit);
    const auto& code = environment->code();
    const auto provision = self->provisions_.find(std::pair(code.function, code.version));
    if (failure && failure->kind != StartFailure::Kind::ended) {
        if (provision != self->provisions_.end()) provision->second.failed(environment->why(*failure), io::now());
        environment->end();
        co_return;
    }
    if (provision == self->provisions_.end()) co_return;
    if (!failure) provision->second.failure.clear();
    self->keep(provision->second);
}

// ---- what goes on beside

io::Task<void> Host::look_after(std::shared_ptr<Host> self) {
    while (!self->stopping_) {
        self->tick_.expires_after(std::min(tick_interval, self->ground_->options.idle_limit));
        boost::system::error_code woken;
        co_await self->tick_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        self->end_old_ones();
        self->keep_provisions();
        co_await self->ground_->log_files.flush(&self->ground_->sweeper);
    }
    self->looking_after_ = false;
}

void Host::end_old_ones() {
    const TimePoint now = io::now();
    const auto all = all_;
    for (const auto& environment : all) {
        if (environment->claimed) continue;
        const Duration age = now - environment->since();
        const bool is_idle = environment->state() == State::idle && environment->reason() == Reason::invocation;
        // It answered and never asked for the next.
        const bool hangs = environment->state() == State::resting && age > environment->code().timeout;
        if (hangs || (is_idle && age > ground_->options.idle_limit)) environment->end();
    }
}

Metrics Host::metrics() const {
    Metrics told = ground_->metrics;
    told.log_bytes_dropped = ground_->log_files.bytes_dropped();
    for (const auto& environment : all_) {
        const State state = environment->state();
        if (state == State::ended) {
            ++told.ending;
            continue;
        }
        if (environment->reason() == Reason::provisioned) ++told.provisioned;
        if (state == State::starting) {
            ++told.starting;
        } else if (environment->claimed) {
            ++told.busy;
        } else {
            ++(state == State::idle ? told.idle : told.resting);
        }
    }
    return told;
}

io::Task<void> Host::stop(io::Deadline deadline) {
    const auto self = shared_from_this();
    stopping_ = true;
    tick_.cancel();
    provisions_.clear();
    const auto end_those = [this](auto which) {
        const auto all = all_;
        for (const auto& environment : all) {
            if (which(*environment)) environment->end();
        }
    };
    end_those([](const Environment& one) { return !one.claimed; });
    while (!busy_.empty() && !deadline.passed()) co_await io::wait_for(2ms);
    end_those([](const Environment&) { return true; });
    // A process that the kernel cannot end (its disk hangs) must not hold up everything else.
    const auto patience = io::Deadline::after(5s);
    while ((!all_.empty() || !busy_.empty() || looking_after_) && !patience.passed()) co_await io::wait_for(2ms);
    co_await ground_->log_files.flush(&ground_->sweeper);
}

}  // namespace cloudshelf::functions
