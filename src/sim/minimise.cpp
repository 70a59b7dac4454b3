#include "sim/minimise.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t worlds_max = 2'000;

/// "loss: order 12, acknowledged …" → "loss"
std::string kind_of(const std::string& violation) {
    return violation.substr(0, violation.find(':'));
}

class Minimiser {
public:
    Minimiser(Scenario failing, Planted planted) : planted_(planted), best_(std::move(failing)) {
        verdicts_ = World(best_, {.planted = planted_}).run();
        if (!verdicts_.violations.empty()) kind_ = kind_of(verdicts_.violations.front());
    }

    Minimal run() {
        if (!kind_.empty()) {
            for (bool better = true; better && worlds_ < worlds_max;) {
                better = leave_out_faults();
                better = simplify() || better;
            }
        }
        Minimal minimal{.scenario = best_, .worlds = worlds_};
        minimal.verdicts = World(best_, {.planted = planted_, .trace = true}).run();
        return minimal;
    }

private:
    bool still_fails(const Scenario& candidate) {
        ++worlds_;
        const Verdicts verdicts = World(candidate, {.planted = planted_}).run();
        const bool fails = std::ranges::any_of(verdicts.violations, [&](const std::string& violation) {
            return kind_of(violation) == kind_;
        });
        if (fails) best_ = candidate;
        return fails;
    }

    /// First halves, then quarters, … then one by one.
    bool leave_out_faults() {
        bool better = false;
        for (std::size_t many = std::max<std::size_t>(best_.faults.size() / 2, 1);; many /= 2) {
            for (std::size_t from = 0; from < best_.faults.size() && worlds_ < worlds_max;) {
                Scenario candidate = best_;
                const auto begin = candidate.faults.begin() + static_cast<std::ptrdiff_t>(from);
                const std::size_t left = std::min(many, candidate.faults.size() - from);
                candidate.faults.erase(begin, begin + static_cast<std::ptrdiff_t>(left));
                if (still_fails(candidate)) {
                    better = true;
                } else {
                    from += many;
                }
            }
            if (many <= 1) return better;
        }
    }

    /// A world with fewer peculiarities tells more.
    bool simplify() {
        bool better = false;
        if (best_.clock_ppm != decltype(best_.clock_ppm){}) {
            Scenario candidate = best_;
            candidate.clock_ppm = {};
            better = still_fails(candidate);
        }
        if (best_.stays_lost) {
            Scenario candidate = best_;
            candidate.stays_lost.reset();
            better = still_fails(candidate) || better;
        }
        Duration last = 1s;
        for (const Fault& fault : best_.faults) {
            if (fault.when) return better;
            last = std::max(last, fault.at + fault.lasts + 1s);
        }
        if (last < best_.faults_for) {
            Scenario candidate = best_;
            candidate.faults_for = last;
            better = still_fails(candidate) || better;
        }
        return better;
    }

    Planted planted_;
    Scenario best_;
    Verdicts verdicts_;
    std::string kind_;
    std::uint64_t worlds_ = 0;
};

}  // namespace

Minimal minimise(Scenario failing, Planted planted) {
    return Minimiser(std::move(failing), planted).run();
}

std::string story_of(const Minimal& minimal) {
    const Scenario& scenario = minimal.scenario;
    std::string story = fmt::format(
        "in a world of the {} profile, clocks {} {} {} ppm fast:\n",
        scenario.profile,
        scenario.clock_ppm[0],
        scenario.clock_ppm[1],
        scenario.clock_ppm[2]
    );
    for (const Fault& fault : scenario.faults) story += "  " + story_of(fault) + "\n";
    story +=
        fmt::format("  {:.3f} s: everything is healed", std::chrono::duration<double>(scenario.faults_for).count());
    if (scenario.stays_lost) story += fmt::format(", but {} stays lost", name(*scenario.stays_lost));
    story += "\n";
    for (const auto& violation : minimal.verdicts.violations) story += "broken: " + violation + "\n";
    return story;
}

}  // namespace cloudshelf::sim
