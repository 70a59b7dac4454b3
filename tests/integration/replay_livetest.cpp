// The model and the daemons come to the same end: losses of the writer's region, each with lesser faults around it, are
// drawn from seeds, run in the simulator and on the running twin, and compared. `make test` replays one, `make replay`
// as many as REPLAYS says, 50 unless told otherwise.
#include "base/random.hpp"
#include "sim/world.hpp"
#include "twin.hpp"
#include "twin/network.hpp"
#include "twin/site.hpp"

#include <algorithm>

namespace cloudshelf {
namespace {

using sim::Fault;
using sim::FaultKind;
using sim::Place;
using sim::Scenario;

constexpr Duration faults_for = 14s;

/// The writer's region is lost for some seconds, and up to three lesser faults come about then.
Scenario draw(std::uint64_t seed) {
    Random random(seed);
    const auto milliseconds = [&](std::uint64_t least, std::uint64_t most) -> Duration {
        return std::chrono::milliseconds(least + random.below(most - least + 1));
    };
    Scenario scenario{
        .seed = seed, .about = "the writer's region is lost", .faults_for = faults_for, .healed_for = 35s
    };
    const Duration loss = milliseconds(1000, 3000);
    scenario.faults.push_back(
        {.what = FaultKind::lose_site, .at = loss, .site = Place::us_east_1, .lasts = milliseconds(5000, 9000)}
    );
    const std::array<Fault, 6> lesser{{
        {.what = FaultKind::pause_agent, .site = Place::us_west_2, .lasts = milliseconds(50, 300)},
        {.what = FaultKind::pause_controller, .site = Place::us_east_2, .lasts = milliseconds(50, 1200)},
        {.what = FaultKind::kill_controller, .site = Place::us_east_2, .lasts = 60ms},
        {.what = FaultKind::kill_controller, .site = Place::us_west_2, .lasts = 60ms},
        {.what = FaultKind::pause_store, .site = Place::us_west_2, .lasts = milliseconds(50, 400)},
        {.what = FaultKind::delay_messages,
         .site = Place::us_west_2,
         .other = Place::us_east_2,
         .lasts = milliseconds(1000, 3000),
         .amount = 15},
    }};
    const std::uint64_t count = random.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
        Fault fault = lesser[random.below(lesser.size())];
        fault.at = loss + milliseconds(0, 2500) - 500ms;
        scenario.faults.push_back(fault);
    }
    std::ranges::sort(scenario.faults, {}, &Fault::at);
    return scenario;
}

/// How it ended, there and here.
struct End {
    std::string writer;
    std::uint64_t epoch = 0;
    double opened_after_ms = 0;  // from the loss until the other region's server took writes
    std::string wrong;           // a broken promise, or a fault that did not take effect
};

double trace_time(const std::vector<std::string>& trace, const std::string& what) {
    for (const auto& line : trace) {
        if (line.find(what) != std::string::npos) return std::strtod(line.c_str(), nullptr);
    }
    return 0;
}

End simulated(const Scenario& scenario) {
    sim::World world(scenario, {.trace = true});
    const sim::Verdicts verdicts = world.run();
    const auto& lease = world.store().truth().lease.record;
    End end{.writer = lease.region.value(), .epoch = lease.epoch.value()};
    end.opened_after_ms = trace_time(verdicts.trace, "server opens in us-west-2 at epoch 2") -
                          trace_time(verdicts.trace, "us-east-1 is lost");
    for (const auto& violation : verdicts.violations) end.wrong += violation + "; ";
    return end;
}

class Replay : public TwinTest {
protected:
    /// The letter that says what a process does; 0 when it is gone.
    static char state_of(pid_t pid) {
        const auto stat = io::read_file(fmt::format("/proc/{}/stat", pid));
        const auto name_ends = stat ? stat->rfind(") ") : std::string::npos;
        return name_ends == std::string::npos ? '\0' : (*stat)[name_ends + 2];
    }
    static const char* program_of(FaultKind what) {
        if (what == FaultKind::pause_agent) return "agent.json";
        return what == FaultKind::pause_store ? "--data-dir" : "controller.json";
    }

    void wait_until(TimePoint moment) {
        while (io::now() < moment) std::this_thread::sleep_for(std::min<Duration>(moment - io::now(), 1ms));
    }

    /// Does it, and looks whether it was done.
    void inject(const Fault& fault, End& end) {
        const std::string site(sim::name(fault.site));
        const auto undone = [&](const std::string& why) {
            end.wrong += fmt::format("{} took no effect: {}; ", sim::story_of(fault), why);
        };
        if (fault.what == FaultKind::lose_site) {
            const auto lost = twin::break_region(layout(), site);
            if (!lost) return undone(lost.error().message);
            lost_at_ = lost->at;
            return undo_at(lost->at + fault.lasts, [this, site] { (void)run({"restore", "region", site}); });
        }
        if (fault.what == FaultKind::delay_messages) {
            const std::string other(sim::name(fault.other));
            const auto set =
                twin::set_weather(layout(), site, other, {.jitter = std::chrono::milliseconds(fault.amount)});
            if (!set) return undone(set.error().message);
            return undo_at(io::now() + fault.lasts, [this, site, other] {
                (void)twin::set_weather(layout(), site, other, {});
            });
        }
        const pid_t pid = process(site, program_of(fault.what));
        if (pid == 0) return undone("there is no such process");
        const bool kills = fault.what == FaultKind::kill_controller;
        ::kill(pid, kills ? SIGKILL : SIGSTOP);
        const bool done = eventually(1s, [&] {
            const char state = state_of(pid);
            return kills ? state == '\0' || state == 'Z' : state == 'T';
        });
        if (!done) undone("the process goes on");
        if (!kills) undo_at(io::now() + fault.lasts, [pid] { ::kill(pid, SIGCONT); });
    }
    void undo_at(TimePoint moment, std::function<void()> what) { undo_.emplace_back(moment, std::move(what)); }
    /// Undoes what is due by then, each at its time.
    void undo_until(TimePoint moment) {
        std::ranges::sort(undo_, {}, &std::pair<TimePoint, std::function<void()>>::first);
        while (!undo_.empty() && undo_.front().first <= moment) {
            wait_until(undo_.front().first);
            undo_.front().second();
            undo_.erase(undo_.begin());
        }
    }

    End replayed(const Scenario& scenario) {
        End end;
        EXPECT_EQ(run({"up"}).status, 0);
        open_shop(30);
        const TimePoint begun = io::now();
        for (const Fault& fault : scenario.faults) {
            undo_until(begun + fault.at);
            wait_until(begun + fault.at);
            inject(fault, end);
        }
        undo_until(TimePoint::max());
        EXPECT_TRUE(eventually(90s, [&] {
            return in_step() && at("/regions/us-west-2/role") == "writer" && at("/regions/us-east-1/role") == "standby";
        })) << json::serialize(status());
        end.writer = at("/lease/region");
        end.epoch = std::stoull("0" + at("/lease/epoch"));
        const auto lines = io::read_file(layout().standby.directory / "agent" / "writer-intervals.jsonl");
        for (const auto& interval : workload::parse_intervals(lines.value_or(""), io::now())) {
            if (interval.from > lost_at_ && end.opened_after_ms == 0)
                end.opened_after_ms = std::chrono::duration<double, std::milli>(interval.from - lost_at_).count();
        }
        expect_safe(close_shop());
        EXPECT_EQ(run({"down", "--wipe"}).status, 0);
        for (const char* of : {"", ".live.json", ".audit.json"}) fs::remove(ledger().string() + of);
        undo_.clear();
        return end;
    }

private:
    std::vector<std::pair<TimePoint, std::function<void()>>> undo_;
    TimePoint lost_at_{};
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.empty() ? 0 : values[values.size() / 2];
}

TEST_F(Replay, ModelAndTwinComeToTheSameEnd) {
    const char* wanted = std::getenv("CLOUDSHELF_REPLAYS");
    const char* first = std::getenv("CLOUDSHELF_FIRST_REPLAY");
    const std::uint64_t from = first == nullptr ? 1 : std::strtoull(first, nullptr, 10);
    const std::uint64_t count = wanted == nullptr ? 1 : std::strtoull(wanted, nullptr, 10);
    std::vector<double> there;
    std::vector<double> here;
    for (std::uint64_t seed = from; seed < from + count; ++seed) {
        const Scenario scenario = draw(seed);
        std::string story = fmt::format("seed {}", seed);
        for (const auto& fault : scenario.faults) story += "\n  " + sim::story_of(fault);
        SCOPED_TRACE(story);
        const End model = simulated(scenario);
        const End twin = replayed(scenario);
        EXPECT_EQ(model.wrong, "");
        EXPECT_EQ(twin.wrong, "");
        EXPECT_EQ(model.writer, twin.writer);
        EXPECT_EQ(model.epoch, twin.epoch);
        EXPECT_GT(twin.opened_after_ms, 0);
        EXPECT_GT(model.opened_after_ms, 0);
        there.push_back(model.opened_after_ms);
        here.push_back(twin.opened_after_ms);
        fmt::print(
            "{}\n  the other region writes after: model {:.0f} ms, twin {:.0f} ms\n",
            story,
            model.opened_after_ms,
            twin.opened_after_ms
        );
        std::fflush(stdout);
    }
    fmt::print("n={}: median of the model {:.0f} ms, of the twin {:.0f} ms\n", count, median(there), median(here));
}

}  // namespace
}  // namespace cloudshelf
