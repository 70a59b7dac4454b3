#include "region/agent/names.hpp"

namespace cloudshelf::region {

using namespace std::chrono_literals;

dns::Server Names::server() const {
    return {.endpoint = config_.server, .zone = config_.zone, .key_name = config_.key_name, .key = config_.key};
}

io::Task<void> Names::learn() {
    for (;;) {
        const auto version = co_await dns::read_version(server(), io::Deadline::after(500ms));
        if (version && !config_.serving.empty()) {
            const auto answer =
                co_await dns::query(config_.server, config_.serving[0], "A", io::Deadline::after(500ms));
            // The controller's changes are the first of an epoch; one beyond that points away is ours.
            if (answer) sent_away_ = version->change > 1 && answer->values == std::vector{config_.away};
        }
        if (version) {
            version_ = *version;
            co_return;
        }
        co_await io::wait_for(100ms);
    }
}

io::Task<Result<void>> Names::change(dns::Version version, std::vector<dns::RecordSet> records, io::Deadline deadline) {
    const auto applied = co_await dns::apply(server(), version, std::move(records), deadline);
    if (!applied) co_return fail(applied.error());
    version_ = version;
    sent_away_ = false;
    co_return Result<void>{};
}

io::Task<Result<void>> Names::send_away(io::Deadline deadline) {
    if (config_.serving.empty() || sent_away_ || changing_) co_return Result<void>{};
    changing_ = true;
    const auto now = co_await dns::read_version(server(), deadline);
    Result<void> done;
    if (now) {
        const dns::Version next{.epoch = now->epoch, .change = now->change + 1};
        std::vector<dns::RecordSet> records;
        for (const auto& name : config_.serving)
            records.push_back({.name = name, .type = "A", .ttl = config_.ttl, .values = {config_.away}});
        done = co_await dns::compare_and_swap(server(), *now, next, std::move(records), deadline);
        if (done) version_ = next;
        if (done) sent_away_ = true;
    } else {
        done = fail(now.error());
    }
    changing_ = false;
    co_return done;
}

}  // namespace cloudshelf::region
