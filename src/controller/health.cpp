#include "controller/health.hpp"

#include "base/assert.hpp"
#include "io/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudshelf::controller {

using core::Observation;
using core::ProbeId;
using namespace std::chrono_literals;

namespace {

constexpr Duration tick_min = 100ms;
constexpr Duration tick_max = 30s;

}  // namespace

struct HealthChecker::Impl : std::enable_shared_from_this<Impl> {
    struct Known {
        core::CheckOptions options;
        std::optional<Observation> latest;
        std::optional<Duration> latency;
        std::optional<Duration> certificate_left;
    };

    Impl(const io::Executor& executor, Options& options, Told to_tell)
        : here(options.here), told(std::move(to_tell)), timer(executor) {
        rounds.emplace(executor, options.rounds, [this](ProbeId id, const probe::Rounds::Look& look) {
            looked(id, look);
        });
    }

    /// `place`: of the check in `known`.
    Result<void> add(const Check& check, std::size_t place, core::ProbePacing pacing) {
        if (checks.status(check.options.name))
            return fail("health.name-twice", fmt::format("two checks \"{}\"", check.options.name.value()));
        if (const auto put = checks.put(check.options, io::now()); !put) return fail(put.error());
        if (!core::is_probed(check.options.type)) return {};
        if (!check.target)
            return fail("health.no-target", fmt::format("\"{}\" has no target", check.options.name.value()));
        probe::Target target = *check.target;
        target.type = check.options.type;
        target.search = check.options.search;
        const auto id = rounds->add(std::move(target), check.options.interval, pacing);
        if (!id)
            return fail(id.error().code, fmt::format("\"{}\": {}", check.options.name.value(), id.error().message));
        by_id.resize(id->value() + 1);
        by_id[id->value()] = place;
        tick = std::clamp(check.options.interval, tick_min, tick);
        return {};
    }

    void looked(ProbeId id, const probe::Rounds::Look& look) {
        const probe::ProbeResult& result = look.result;
        const auto self = shared_from_this();  // who is told may end it all
        if (told.late) told.late(look.late);
        Known& check = known[by_id[id.value()]];
        const auto observation = core::judge_certificate(check.options, result.observation, result.expires_in);
        check.latest = observation;
        if (result.expires_in) check.certificate_left = result.expires_in;
        if (observation == Observation::passed) check.latency = result.took;
        tell(checks.saw(check.options.name, here, observation, io::now()));
        if (!closed && told.saw) told.saw(check.options.name, observation);
    }

    void tell(const core::StatusChanges& changes) {
        const auto self = shared_from_this();
        for (const auto& change : changes) {
            if (closed) return;
            told.changed(change);
        }
    }

    void let_age() {
        timer.expires_after(tick);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& ended) {
            if (ended || self->closed) return;
            self->tell(self->checks.tick(io::now()));
            if (!self->closed) self->let_age();
        });
    }

    const core::VantageName here;
    const Told told;
    core::HealthChecks checks;
    std::vector<Known> known;
    std::vector<std::size_t> by_id;  // in `known`
    Duration tick = tick_max;
    boost::asio::steady_timer timer;
    bool closed = false;
    std::optional<probe::Rounds> rounds;
};

HealthChecker::HealthChecker(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HealthChecker::~HealthChecker() {
    impl_->closed = true;
    impl_->timer.cancel();
    impl_->rounds.reset();
}

Result<std::unique_ptr<HealthChecker>> HealthChecker::start(io::Executor executor, Options options, Told told) {
    CLOUDSHELF_ASSERT(told.changed);
    std::unique_ptr<HealthChecker> checker(new HealthChecker(std::make_shared<Impl>(executor, options, std::move(told)))
    );
    Impl& impl = *checker->impl_;
    for (const auto& check : options.checks) impl.known.push_back({.options = check.options});
    // What is counted comes before what counts it.
    for (const bool calculated : {false, true}) {
        for (std::size_t i = 0; i < options.checks.size(); ++i) {
            const Check& check = options.checks[i];
            if ((check.options.type == core::CheckType::calculated) != calculated) continue;
            if (const auto added = impl.add(check, i, options.pacing); !added) return fail(added.error());
        }
    }
    impl.let_age();
    return checker;
}

std::vector<CheckStatus> HealthChecker::status() const {
    std::vector<CheckStatus> all;
    for (const auto& check : impl_->known) {
        const core::CheckName& name = check.options.name;
        CheckStatus status{
            .name = name,
            .type = check.options.type,
            .status = impl_->checks.status(name).value(),
            .latest = check.latest,
            .last_failure = impl_->checks.last_failure(name, impl_->here),
            .latency = check.latency,
            .certificate_warning = core::warns_of_certificate(check.options, check.certificate_left),
        };
        if (check.certificate_left)
            status.certificate_days =
                static_cast<int>(std::chrono::floor<std::chrono::days>(*check.certificate_left).count());
        all.push_back(std::move(status));
    }
    return all;
}

void HealthChecker::saw_elsewhere(
    const core::VantageName& vantage, const core::CheckName& check, Observation observation
) {
    CLOUDSHELF_ASSERT(vantage != impl_->here);
    const auto impl = impl_;
    impl->tell(impl->checks.saw(check, vantage, observation, io::now()));
}

void HealthChecker::forget(const core::VantageName& vantage) {
    CLOUDSHELF_ASSERT(vantage != impl_->here);
    const auto impl = impl_;
    impl->tell(impl->checks.forget(vantage, io::now()));
}

void HealthChecker::alarm_is(const std::string& alarm, core::AlarmState state) {
    const auto impl = impl_;
    impl->tell(impl->checks.alarm_is(alarm, state, io::now()));
}

}  // namespace cloudshelf::controller
