#include "region/objects/collector.hpp"

#include "io/clock.hpp"
#include "io/log.hpp"
#include "region/objects/references.hpp"
#include "region/objects/service.hpp"

#include <chrono>
#include <iterator>
#include <utility>

namespace cloudshelf::objects {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 200ms;
constexpr Duration look_at_all_every = 24h;
constexpr std::size_t names_per_turn = 500;

/// What is committed does not tell while a commit's outcome is unknown: it may refer to this when the log is opened
/// anew. That is asked here, after pins were looked for: a pin is held until the commit is known to have failed.
Result<bool> may_be_referenced(Service& service, const contents::ContentName& name) {
    if (service.log().needs_reopening()) return true;
    return is_referenced(service, name);
}

}  // namespace

void Collector::add(Freed freed) {
    std::ranges::move(freed, std::back_inserter(waiting_));
}

Freed Collector::collect(Service& service, const Freed& freed) {
    Freed again;
    for (const auto& name : freed) {
        const auto outcome =
            service.contents().remove_unreferenced(name, [&] { return may_be_referenced(service, name); });
        if (outcome && *outcome == contents::Removal::pinned) again.push_back(name);
        if (!outcome) {
            io::log(
                io::Level::warning,
                "objects.not-collected",
                {{"content", name.sha256}, {"why", outcome.error().message}}
            );
        }
    }
    return again;
}

/// All files there are, in the order of their names, some at a time.
io::Task<void> Collector::look_at_all() {
    std::optional<contents::ContentName> after;
    for (bool more = true; more && !service_.stopping();) {
        auto work = [this, after] {
            Freed names;
            const auto visit = [&names](const contents::ContentName& name, std::uint64_t) {
                names.push_back(name);
                return names.size() < names_per_turn;
            };
            const auto visited = service_.contents().for_each(visit, after);
            if (!visited) names.clear();
            collect(service_, names);
            return names;
        };
        const auto names = co_await service_.working().run(std::move(work));
        more = names.size() == names_per_turn;
        if (more) after = names.back();
    }
}

io::Task<void> Collector::run() {
    TimePoint next_look{};
    while (!service_.stopping()) {
        if (io::now() >= next_look) {
            co_await look_at_all();
            next_look = io::now() + look_at_all_every;
        }
        if (!waiting_.empty()) {
            auto work = [this, freed = std::exchange(waiting_, {})] { return collect(service_, freed); };
            auto again = co_await service_.working().run(std::move(work));
            add(std::move(again));
        }
        co_await service_.pause(look_every);
    }
}

}  // namespace cloudshelf::objects
