#include "region/functions/dispatcher.hpp"

#include "io/log.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/objects_client.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/alias.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace cloudshelf::functions {
namespace {

constexpr std::size_t tries_at_once = 64;
constexpr Duration look_again =
    std::chrono::seconds(5);  // also when nothing is known to be due: the disk may have failed

/// The settings of what was invoked: of the alias or version, else those of the function.
lambda::EventInvokeConfig settings_of(const Function& function, const std::string& qualifier) {
    const auto found = function.event_settings.find(qualifier.empty() ? std::string(lambda::latest) : qualifier);
    return found == function.event_settings.end() ? lambda::EventInvokeConfig() : found->second.config;
}

const Version* chosen_version(const Function& function, const std::string& qualifier) {
    const auto alias = function.aliases.find(qualifier);
    if (alias == function.aliases.end()) return function.resolve(qualifier);
    return function.version(lambda::pick_version(alias->second, draw_unit()));
}

}  // namespace

Dispatcher::Dispatcher(Service& service) : service_(service), bell_(service.executor()) {}

void Dispatcher::wake() {
    rung_ = true;
    bell_.cancel();
}

io::Task<void> Dispatcher::wait_until(std::int64_t due_ms) {
    if (rung_ || service_.stopping()) co_return;
    const auto wait = std::chrono::milliseconds(std::max<std::int64_t>(0, due_ms - service_.wall_ms()));
    bell_.expires_after(std::min<Duration>(wait, look_again));
    boost::system::error_code ignored;
    co_await bell_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

io::Task<void> Dispatcher::run(Dispatcher* self) {
    auto& service = self->service_;
    while (!service.stopping()) {
        self->rung_ = false;
        const auto now_ms = service.wall_ms();
        const auto most = tries_at_once - std::min(tries_at_once, self->in_progress_.size());
        auto work = [&service, now_ms, most, but = self->in_progress_] {
            return service.events().look(now_ms, but, most);
        };
        auto look = co_await service.blocking().run(std::move(work));
        if (service.stopping()) co_return;
        std::int64_t next_ms = now_ms + 3'600'000;
        if (look) {
            for (auto& due : look->due) {
                self->in_progress_.insert(due.place());
                service.run_behind(self->try_one(std::move(due)));
            }
            if (self->in_progress_.size() < tries_at_once) next_ms = look->next_ms.value_or(next_ms);
        } else {
            io::log(io::Level::error, "functions.events-unreadable", {{"why", look.error().message}});
        }
        co_await self->wait_until(next_ms);
    }
}

io::Task<void> Dispatcher::try_one(Due due) {
    const auto place = due.place();
    if (due.event.bucket.empty()) {
        co_await invoke(std::move(due));
    } else {
        co_await deliver(std::move(due));
    }
    in_progress_.erase(place);
    wake();
}

std::string Dispatcher::arn_as_invoked(const Event& event) const {
    return lambda::function_arn(service_.region().value(), event.function, event.qualifier);
}

Dispatcher::Tried Dispatcher::prepare(const Event& event, const Function& function, const Version& version) const {
    Tried tried;
    tried.terms = {.retry = service_.options().retry, .config = settings_of(function, event.qualifier)};
    const auto qualifier = event.qualifier.empty() ? lambda::latest : std::string_view(event.qualifier);
    tried.ending.function_arn = lambda::function_arn(service_.region().value(), event.function, qualifier);
    const auto& config = tried.terms.config;
    const auto& dead_letters = version.configuration.dead_letter_target;
    if (!config.on_success.empty()) tried.tell_of_success.push_back(config.on_success);
    if (!config.on_failure.empty()) tried.tell_of_failure.push_back(config.on_failure);
    if (!dead_letters.empty() && dead_letters != config.on_failure) tried.tell_of_failure.push_back(dead_letters);
    return tried;
}

io::Task<void> Dispatcher::invoke(Due due) {
    const auto& event = due.event;
    const auto function = service_.catalogue().find(event.function);
    const auto* version = function ? chosen_version(*function, event.qualifier) : nullptr;
    if (version == nullptr) {
        io::log(io::Level::warning, "functions.event-dropped", {{"function", event.function}, {"request", event.id}});
        ++ended_["Dropped"];
        co_await replace(std::move(due), {});
        co_return;
    }
    auto tried = prepare(event, *function, *version);
    auto code = service_.runnables().runnable(*function, *version);
    if (code) {
        Invocation invocation{.request_id = event.id, .arn = arn_as_invoked(event), .payload = event.payload};
        invocation.trace_id = event.trace_id;
        invocation.client_context = event.client_context;
        tried.ending.executed_version = version->number;
        auto outcome = co_await service_.runnables().runner().invoke(std::move(*code), std::move(invocation));
        if (!outcome && service_.stopping()) co_return;  // it stays, for the next start
        if (outcome) {
            tried.verdict = outcome->function_error ? Verdict::failed : Verdict::succeeded;
            tried.ending.function_error = outcome->function_error;
            tried.ending.response = std::move(outcome->payload);
        }
    }
    co_await conclude(std::move(due), std::move(tried));
}

io::Task<void> Dispatcher::conclude(Due due, Tried tried) {
    auto& ending = tried.ending;
    ending.now_ms = service_.wall_ms();
    auto step = next_step(due.event, tried.verdict, tried.terms, ending.now_ms);
    std::vector<Due> next;
    if (step.again) next.push_back({.due_ms = step.again->due_ms, .event = std::move(step.again->event)});
    if (step.over) {
        ending.condition = step.over->condition;
        ++ended_[ending.condition];
        const bool well = tried.verdict == Verdict::succeeded;
        for (auto& each : deliveries(step.over->event, ending, well ? tried.tell_of_success : tried.tell_of_failure))
            next.push_back({.due_ms = ending.now_ms, .event = std::move(each)});
        if (!well && next.empty()) {
            io::log(
                io::Level::warning,
                "functions.event-failed",
                {{"function", due.event.function}, {"request", due.event.id}, {"condition", ending.condition}}
            );
        }
    }
    co_await replace(std::move(due), std::move(next));
}

io::Task<void> Dispatcher::deliver(Due due) {
    Verdict verdict = Verdict::no_room;
    if (auto* objects = service_.objects()) {
        ObjectName name{.bucket = due.event.bucket, .key = due.event.key, .version = {}};
        const auto put = co_await objects->put(std::move(name), due.event.payload);
        if (put) verdict = Verdict::succeeded;
        if (!put) io::log(io::Level::warning, "functions.delivery-put-off", {{"why", put.error().message}});
    }
    const RetryTerms terms{.retry = service_.options().retry};
    const auto now_ms = service_.wall_ms();
    auto step = next_step(due.event, verdict, terms, now_ms);
    std::vector<Due> next;
    if (step.again) next.push_back({.due_ms = step.again->due_ms, .event = std::move(step.again->event)});
    if (step.over && verdict != Verdict::succeeded) {
        ++ended_["Dropped"];
        io::log(io::Level::error, "functions.delivery-dropped", {{"bucket", due.event.bucket}, {"key", due.event.key}});
    }
    co_await replace(std::move(due), std::move(next));
}

io::Task<void> Dispatcher::replace(Due gone, std::vector<Due> with) {
    const auto replaced = co_await service_.events().replace(std::move(gone), std::move(with));
    if (replaced) co_return;
    // It stays as it was, and is tried again: at least once is what is promised. But not at once: the disk has failed.
    io::log(io::Level::error, "functions.event-unwritten", {{"why", replaced.error().message}});
    co_await service_.pause(look_again);
}

}  // namespace cloudshelf::functions
