#include "region/objects/rewrapper.hpp"

#include "io/log.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace cloudshelf::objects {
namespace {

constexpr std::uint64_t contents_per_step = 64;  // between two looks at whether the service stops

void rewrap(contents::Store& store, const contents::ContentName& name, Rewrapper::Round& round) {
    ++round.looked;
    const auto done = store.rewrap(name);
    if (done) {
        if (*done == contents::Rewrapped::yes) ++round.rewrapped;
    } else if (done.error().code != "contents.missing") {  // collected meanwhile
        ++round.failed;
        round.why = done.error().message;
    }
}

/// Some contents of a round, from behind `reached` on; nothing is left when `ended`.
struct Step {
    Rewrapper::Round round;
    std::optional<contents::ContentName> reached;
    bool ended = false;
};

/// Blocks.
Result<Step> take_step(contents::Store& store, Step step) {
    const auto until = step.round.looked + contents_per_step;
    const auto visit = [&](const contents::ContentName& name, std::uint64_t) {
        rewrap(store, name, step.round);
        step.reached = name;
        return step.round.looked < until;
    };
    const auto behind = step.reached;
    if (auto visited = store.for_each(visit, behind); !visited) return fail(visited.error());
    step.ended = step.round.looked < until;
    return step;
}

}  // namespace

io::Task<Result<std::shared_ptr<const contents::KeyFile>>> Rewrapper::take_keys() {
    auto read = [path = service_.options().keys] { return contents::KeyFile::read(path); };
    auto keys = co_await service_.working().run(std::move(read));
    if (!keys) co_return fail(keys.error());
    for (const auto& name : keys_->names()) {
        if (keys->newest(name).key == nullptr)
            co_return fail("objects.key-gone", fmt::format("the key file has no key \"{}\" any more", name));
    }
    keys_ = std::make_shared<const contents::KeyFile>(std::move(*keys));
    service_.contents().use_keys(keys_);
    service_.run_behind(run());
    co_return keys_;
}

io::Task<void> Rewrapper::run() {
    again_ = true;
    if (std::exchange(running_, true)) co_return;
    while (std::exchange(again_, false) && !service_.stopping()) co_await go_through();
    running_ = false;
}

io::Task<void> Rewrapper::go_through() {
    Step step;
    round_ = {};
    while (!step.ended && !service_.stopping()) {
        auto work = [this, step] { return take_step(service_.contents(), step); };
        auto taken = co_await service_.working().run(std::move(work));
        if (taken) {
            step = std::move(*taken);
        } else {  // the folder itself cannot be read
            ++step.round.failed;
            step.round.why = taken.error().message;
            step.ended = true;
        }
        round_ = step.round;
    }
    if (!step.ended) co_return;  // the next start goes through all again
    io::log(
        round_.failed > 0 ? io::Level::warning : io::Level::info,
        "objects.rewrapped",
        {{"contents", std::to_string(round_.looked)},
         {"rewrapped", std::to_string(round_.rewrapped)},
         {"failed", std::to_string(round_.failed)},
         {"why", round_.why}}
    );
}

}  // namespace cloudshelf::objects
