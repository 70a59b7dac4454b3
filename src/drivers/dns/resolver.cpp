#include "drivers/dns/resolver.hpp"

#include <fmt/format.h>

namespace cloudshelf::dns {

using namespace std::chrono_literals;

io::Task<Result<Resolver::Resolved>> Resolver::resolve(std::string name, io::Deadline deadline) {
    for (;;) {
        Entry& entry = cache_[name];
        if (entry.resolved.expires > io::now()) co_return entry.resolved;
        if (!entry.asking) break;
        co_await io::wait_for(1ms);  // somebody asks already
        if (deadline.passed()) co_return fail("dns.no-answer", fmt::format("{}: no answer in time", name));
    }
    cache_[name].asking = true;
    Error last{.code = "dns.no-answer", .message = fmt::format("{}: no nameserver answered", name), .retryable = true};
    for (std::size_t i = 0; i < servers_.size() && !deadline.passed(); ++i) {
        const std::size_t number = (preferred_ + i) % servers_.size();
        const io::Endpoint server = servers_[number];
        const TimePoint asked = io::now();
        const auto answer = co_await query(server, name, "A", deadline.sooner(server_timeout_));
        if (!answer) continue;
        if (answer->values.empty()) {
            last = {
                .code = "dns.no-name",
                .message = fmt::format("{} answered nothing for {}", server.text(), name),
                .retryable = true
            };
            continue;
        }
        preferred_ = number;
        Entry& entry = cache_[name];
        entry = {
            .resolved =
                {.addresses = answer->values, .expires = asked + std::chrono::seconds(answer->ttl), .server = server}
        };
        co_return entry.resolved;
    }
    cache_[name].asking = false;
    co_return fail(last);
}

}  // namespace cloudshelf::dns
