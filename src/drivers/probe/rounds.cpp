#include "drivers/probe/rounds.hpp"

#include "io/clock.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <vector>

namespace cloudshelf::probe {

using boost::system::error_code;
using core::ProbeId;

struct Rounds::Impl : std::enable_shared_from_this<Impl> {
    Impl(const io::Executor& executor, Options options, Sink told)
        : together(options.together),
          schedule(options.schedule),
          sink(std::move(told)),
          timer(executor),
          prober(executor, options.prober, [this](ProbeId id, const ProbeResult& result) { over(id, result); }) {}

    void over(ProbeId id, const ProbeResult& result) {
        if (closed) return;                    // a look that ended in the same turn of the loop
        const auto self = shared_from_this();  // who is told may end it all
        schedule.answered(id, io::now());
        arm();
        sink(id, {.result = result, .late = late[id.value()]});
    }

    void begin_due() {
        const TimePoint now = io::now();
        while (const auto due = schedule.take(now)) {
            // One whose last look is still under way leaves this one out.
            if (prober.begin(due->id)) late[due->id.value()] = now - due->meant;
        }
        arm();
    }

    void arm() {
        const auto next = schedule.next();
        if (!next || *next >= armed || closed) return;
        armed = *next;
        timer.expires_after(std::max(armed - io::now(), together));
        timer.async_wait([self = shared_from_this()](const error_code& moved) {
            if (moved || self->closed) return;
            self->armed = TimePoint::max();
            self->begin_due();
        });
    }

    const Duration together;
    core::ProbeSchedule schedule;
    Sink sink;
    boost::asio::steady_timer timer;
    TimePoint armed = TimePoint::max();
    std::vector<Duration> late;  // by id, of the look under way
    bool closed = false;
    Prober prober;
};

Rounds::Rounds(io::Executor executor, Options options, Sink sink)
    : impl_(std::make_shared<Impl>(executor, options, std::move(sink))) {}

Rounds::~Rounds() {
    impl_->closed = true;
    impl_->timer.cancel();
}

Result<ProbeId> Rounds::add(Target target, Duration interval, core::ProbePacing pacing) {
    const auto id = impl_->prober.add(std::move(target));
    if (!id) return fail(id.error());
    impl_->late.resize(id->value() + 1);
    impl_->schedule.add(*id, interval, pacing, io::now());
    impl_->arm();
    return *id;
}

void Rounds::remove(ProbeId id) {
    impl_->schedule.remove(id);
    impl_->prober.remove(id);
}

}  // namespace cloudshelf::probe
