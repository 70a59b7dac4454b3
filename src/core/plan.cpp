#include "core/plan.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace cloudshelf::core {
namespace {

template <class Item, class Key>
const Item* find_by_name(const std::vector<Item>& items, const Key& name) {
    const auto found = std::ranges::find(items, name, &Item::name);
    return found == items.end() ? nullptr : &*found;
}

}  // namespace

const Region* region_with(const Plan& plan, RegionRole role) {
    const auto found = std::ranges::find(plan.regions, role, &Region::role);
    return found == plan.regions.end() ? nullptr : &*found;
}
const Region* find_region(const Plan& plan, const RegionName& name) {
    return find_by_name(plan.regions, name);
}
const Service* find_service(const Plan& plan, std::string_view name) {
    return find_by_name(plan.services, ServiceName(std::string(name)));
}
const Procedure* find_procedure(const Plan& plan, std::string_view name) {
    return find_by_name(plan.procedures, name);
}
const SmokeTest* find_smoke_test(const Plan& plan, std::string_view name) {
    return find_by_name(plan.smoke_tests, name);
}

std::optional<Timing> timing_of(const TimingChoice& choice, std::string_view profile) {
    const TimingProfile* own = find_by_name(choice.profiles, profile);
    if (!own) return built_in_timing(profile);
    auto timing = built_in_timing(own->base);
    if (!timing) return std::nullopt;
    const auto take = [](const auto& from, auto& to) {
        if (from) to = *from;
    };
    take(own->lease, timing->lease);
    take(own->beat, timing->beat);
    take(own->drift_ppm, timing->drift_ppm);
    take(own->fencer_margin, timing->fencer_margin);
    take(own->probe_interval, timing->probe_interval);
    take(own->probe_timeout, timing->probe_timeout);
    take(own->failure_threshold, timing->failure_threshold);
    take(own->hold_down, timing->hold_down);
    take(own->dns_ttl, timing->dns_ttl);
    return timing;
}

std::vector<std::string> find_cycle(const std::vector<Step>& steps) {
    enum class Seen { no, on_the_way, done };
    std::vector<Seen> seen(steps.size(), Seen::no);
    std::vector<std::string> way;
    std::vector<std::string> cycle;
    const auto visit = [&](const auto& self, std::size_t index) -> bool {
        seen[index] = Seen::on_the_way;
        way.push_back(steps[index].name);
        for (const std::string& before : steps[index].after) {
            const auto found = std::ranges::find(steps, before, &Step::name);
            if (found == steps.end()) continue;
            const auto next = static_cast<std::size_t>(found - steps.begin());
            if (seen[next] == Seen::on_the_way) {
                cycle.assign(std::ranges::find(way, before), way.end());
                return true;
            }
            if (seen[next] == Seen::no && self(self, next)) return true;
        }
        way.pop_back();
        seen[index] = Seen::done;
        return false;
    };
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (seen[i] == Seen::no && visit(visit, i)) break;
    std::ranges::reverse(cycle);  // In the order of running, not of waiting; from the first one in the file.
    for (const Step& step : steps) {
        const auto first = std::ranges::find(cycle, step.name);
        if (first == cycle.end()) continue;
        std::rotate(cycle.begin(), first, cycle.end());
        break;
    }
    return cycle;
}

std::vector<std::vector<const Step*>> waves(const Procedure& procedure) {
    std::vector<std::vector<const Step*>> result;
    std::vector<std::string_view> done;
    std::size_t placed = 0;
    while (placed < procedure.steps.size()) {
        std::vector<const Step*> wave;
        for (const Step& step : procedure.steps) {
            if (std::ranges::find(done, step.name) != done.end()) continue;
            if (std::ranges::all_of(step.after, [&](const std::string& before) {
                    return std::ranges::find(done, before) != done.end();
                }))
                wave.push_back(&step);
        }
        CLOUDSHELF_ASSERT(!wave.empty());  // A cycle: the loader refuses it.
        for (const Step* step : wave) done.push_back(step->name);
        placed += wave.size();
        result.push_back(std::move(wave));
    }
    return result;
}

namespace {

/// What a step adds to the worst case.
Duration weight(const Step& step) {
    return step.action == Action::fence_old_writer ? Duration::zero() : step.limit;
}

}  // namespace

std::vector<const Step*> critical_path(const Procedure& procedure, const Step* end) {
    struct Longest {
        Duration length{};
        const Step* before = nullptr;
    };
    std::map<const Step*, Longest> longest;
    for (const auto& wave : waves(procedure)) {
        for (const Step* step : wave) {
            Longest best;
            for (const std::string& name : step->after) {
                const Step* before = find_by_name(procedure.steps, name);
                if (!best.before || longest[before].length > best.length) best = {longest[before].length, before};
            }
            longest[step] = {best.length + weight(*step), best.before};
        }
    }
    if (!end) {
        for (const Step& step : procedure.steps)
            if (!end || longest[&step].length > longest[end].length) end = &step;
    }
    std::vector<const Step*> path;
    for (const Step* step = end; step; step = longest[step].before) path.push_back(step);
    std::ranges::reverse(path);
    return path;
}

WorstCase worst_case(const Timing& timing, const Procedure& procedure) {
    const Step* traffic = nullptr;
    for (const Step& step : procedure.steps)
        if (step.action == Action::switch_traffic) traffic = &step;
    std::vector<PathStep> path;
    for (const Step* step : critical_path(procedure, traffic))
        if (step->action != Action::fence_old_writer) path.push_back({step->name, step->limit});
    return worst_case(timing, path);
}

}  // namespace cloudshelf::core
