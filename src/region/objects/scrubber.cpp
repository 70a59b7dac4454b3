#include "region/objects/scrubber.hpp"

#include "base/digest.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"
#include "region/objects/references.hpp"

#include <algorithm>
#include <chrono>
#include <random>

namespace cloudshelf::objects {
namespace {

using namespace std::chrono_literals;

constexpr Duration begin_after = 10s;  // a service that has just started has better to do
constexpr Duration next_round_after = 60s;
constexpr Duration wait_max = 10s;

contents::ContentName somewhere() {
    std::random_device random;
    return {.sha256 = sha256_hex(std::to_string(random())), .key = "-"};
}

/// How long its file is; 0 where there is none.
std::uint64_t length_of(Service& service, const contents::ContentName& name) {
    const auto opened = service.contents().open(name);
    return opened ? opened->length() : 0;
}

}  // namespace

io::Task<bool> Scrubber::look(contents::ContentName name) {
    auto check = [this, name] { return service_.contents().check(name); };
    const auto health = co_await service_.working().run(std::move(check));
    ++checked_;
    if (!health) {  // its key is missing: nothing is known of it, and nothing is done to it
        io::log(
            io::Level::warning,
            "objects.not-checked",
            {{"content", contents::flat(name)}, {"code", health.error().code}, {"why", health.error().message}}
        );
        co_return false;
    }
    if (*health == contents::Health::whole) co_return true;
    const auto outcome = co_await repairs_.repair(name);
    co_return outcome == Repairs::Outcome::repaired || outcome == Repairs::Outcome::unwanted;
}

io::Task<void> Scrubber::run() {
    co_await service_.pause(begin_after);
    contents::ScrubPace pace({}, io::now());
    auto after = somewhere();
    while (!service_.stopping()) {
        auto find = [this, after] { return next_referenced(service_, after); };
        const auto found = co_await service_.working().run(std::move(find));
        if (!found || !*found) {
            if (found) ++rounds_;
            after = {};
            co_await service_.pause(next_round_after);
            continue;
        }
        after = **found;
        const auto bytes = service_.contents().metrics().bytes;
        while (pace.wait(bytes, io::now()) > Duration::zero() && !service_.stopping()) {
            const Duration wait = std::min(wait_max, pace.wait(bytes, io::now()));
            co_await service_.pause(wait);
        }
        if (service_.stopping()) co_return;
        auto measure = [this, after] { return length_of(service_, after); };
        const auto length = co_await service_.working().run(std::move(measure));
        co_await look(after);
        pace.read(length);
    }
}

}  // namespace cloudshelf::objects
