#include "drivers/dns/resolver.hpp"

#include "drivers/dns/errors.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <optional>

namespace cloudshelf::dns {

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Resolver::Flight {
    std::vector<std::shared_ptr<asio::steady_timer>> waiting;
    std::optional<Result<Resolved>> result;

    ~Flight() { wake(); }
    void wake() {
        for (const auto& timer : waiting) timer->cancel();
        waiting.clear();
    }
};

io::Task<Result<Resolver::Resolved>> Resolver::resolve(std::string name, io::Deadline deadline) {
    for (;;) {
        const Entry& entry = cache_[name];
        if (entry.resolved.expires > io::now()) co_return entry.resolved;
        const std::shared_ptr<Flight> flight = entry.flight;
        if (!flight) break;
        const auto executor = co_await asio::this_coro::executor;
        const auto timer = std::make_shared<asio::steady_timer>(executor, deadline.remaining());
        flight->waiting.push_back(timer);
        boost::system::error_code woken;
        co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (flight->result) co_return *flight->result;
        if (deadline.passed()) co_return fail(errors::no_answer(name, "no answer in time"));
        // Whoever asked gave up before we have to: ask ourselves.
    }
    // Cancelled in the middle, the question must not stay "on its way" for ever.
    struct Landing {
        Entry* entry;
        std::shared_ptr<Flight> flight;
        ~Landing() {
            entry->flight.reset();
            flight->wake();
        }
    };
    const auto flight = std::make_shared<Flight>();
    Entry& entry = cache_[name];
    entry.flight = flight;
    const Landing landing{.entry = &entry, .flight = flight};
    const auto result = co_await ask(name, deadline);
    if (result) entry.resolved = *result;
    // An error for want of our own time says nothing to those who have more.
    if (result || !deadline.passed()) flight->result = result;
    co_return result;
}

io::Task<Result<Resolver::Resolved>> Resolver::ask(std::string name, io::Deadline deadline) {
    Error last = errors::no_answer(name, "no nameserver answered");
    last.certainty = Certainty::not_done;
    const std::size_t begin = preferred_;
    for (std::size_t i = 0; i < 2 * servers_.size() && !deadline.passed(); ++i) {
        const std::size_t number = (begin + i) % servers_.size();
        const io::Endpoint server = servers_[number];
        const TimePoint asked = io::now();
        const auto answer = co_await query(server, name, "A", deadline.sooner(server_timeout_));
        if (!answer) continue;
        if (answer->values.empty()) {
            last = {
                .code = "dns.no-name",
                .message = fmt::format("nameserver {} has no address for {}", server.text(), name),
                .retryable = true,
            };
            continue;
        }
        preferred_ = number;
        co_return Resolved{
            .addresses = answer->values, .expires = asked + std::chrono::seconds(answer->ttl), .server = server
        };
    }
    co_return fail(std::move(last));
}

}  // namespace cloudshelf::dns
