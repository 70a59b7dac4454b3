#include "controller/leadership.hpp"

#include "base/version.hpp"
#include "io/background.hpp"
#include "io/log.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdlib>

namespace cloudshelf::controller {

namespace json = boost::json;

Leadership::Leadership(io::Executor executor, store::Store& store, Options options, Ask ask)
    : executor_(std::move(executor)),
      store_(store),
      options_(std::move(options)),
      ask_(std::move(ask)),
      lease_(options_.terms) {}

io::Task<void> Leadership::look() {
    const auto known = lease_.mark();
    const auto found = co_await store_.get(leader_key);
    if (!found) co_return;
    const TimePoint now = io::now();
    store_heard_ = now;
    if (!*found && lease_.record()) {
        // The store has been emptied.
        remember(lease_.record()->epoch);
        lease_ = core::LeaseTaker(options_.terms);
        free_since_ = now;
    }
    if (!*found && !free_since_) free_since_ = now;
    if (!*found) co_return;
    const auto record = core::parse_lease((*found)->value);
    if (!record) co_return;
    lease_.heard(known, (*found)->revision, *record, now);
    // Somebody leads over what we would not have led over: a person has seen to it.
    if (refuses_ && refuses_->code == "store.forgot" && record->epoch > known_) refuses_.reset();
}

bool Leadership::is_overdue(TimePoint now) const {
    const auto& record = lease_.record();
    return !record || record->released || now - lease_.first_seen() > 2 * options_.terms.beat;
}

io::Task<Epoch> Leadership::win() {
    for (;;) {
        co_await look();
        const TimePoint now = io::now();
        const bool fresh = store_heard_ && now - *store_heard_ < options_.terms.beat;
        const auto may = core::may_lead_at(ask_(), lease_, options_.terms, free_since_.value_or(now));
        if (fresh && may && now >= *may) {
            const bool taken = co_await take();
            if (taken) co_return holder_->epoch();
        }
        co_await io::wait_for(options_.terms.beat / 2);
    }
}

io::Task<std::optional<Epoch>> Leadership::judge_store() {
    const auto term = co_await store_.get(term_key);
    if (!term) co_return std::nullopt;
    const auto format = co_await store_.get(format_key);
    if (!format) co_return std::nullopt;
    const auto number = [](const std::optional<store::Entry>& entry) {
        return entry ? std::strtoull(entry->value.c_str(), nullptr, 10) : 0;
    };
    std::optional<Error> why;
    // A leader that died before it wrote its term down has left it in its lease.
    const Epoch newest = std::max(Epoch(number(*term)), lease_.mark().epoch);
    if (newest < known_)
        why = Error{
            .code = "store.forgot",
            .message = fmt::format(
                "the state store knows term {}, this controller {}: it was emptied or restored; `cloudshelf state "
                "rebuild` makes it anew from what the regions say",
                newest.value(),
                known_.value()
            ),
        };
    if (number(*format) > static_cast<std::uint64_t>(state_format))
        why = Error{
            .code = "store.newer-format",
            .message = fmt::format(
                "the state is of format {}, this release ({}) reads {}: a newer one has to lead",
                number(*format),
                version,
                state_format
            ),
        };
    if (why && (!refuses_ || refuses_->code != why->code))
        io::log(io::Level::error, "controller.may-not-lead", {{"code", why->code}, {"why", why->message}});
    refuses_ = std::move(why);
    if (refuses_) co_return std::nullopt;
    co_return newest;
}

io::Task<bool> Leadership::take() {
    const auto newest = co_await judge_store();
    if (!newest) co_return false;
    const auto& old = lease_.record();
    const core::LeaseRecord next{
        .region = options_.site,
        .epoch = Epoch(newest->value() + 1),
        .fence =
            {.how = old && old->released ? core::FenceHow::acknowledged : core::FenceHow::lease_ran_out,
             .epoch = old ? old->epoch : Epoch(0)},
    };
    const TimePoint sent_at = io::now();
    const auto swapped = co_await store_.compare_and_swap(leader_key, lease_.revision(), core::to_json(next));
    if (!swapped || !swapped->stored) co_return false;  // the next look tells who has it; where in doubt, perhaps we
    lease_.saw(swapped->current.revision, next, io::now());
    holder_.emplace(next.epoch, options_.terms);
    tell(core::RenewalStored{sent_at});
    lost_.clear();
    led_since_ = io::now();
    const bool begun = co_await begin_term();
    if (!begun) holder_.reset();
    co_return begun;
}

io::Task<bool> Leadership::begin_term() {
    const std::string ours = std::to_string(holder_->epoch().value());
    const auto found = co_await store_.get(term_key);
    if (!found) co_return false;
    const std::uint64_t revision = *found ? (*found)->revision : 0;
    if (*found && std::stoull((*found)->value) > holder_->epoch().value()) co_return false;
    const auto swapped = co_await store_.compare_and_swap(term_key, revision, ours);
    if (!swapped || !swapped->stored) co_return false;
    const auto format = co_await store_.get(format_key);
    if (!format) co_return false;
    const std::uint64_t written = *format ? (*format)->revision : 0;
    const std::string current = std::to_string(state_format);
    if (!*format || (*format)->value != current) {
        const auto raised = co_await store_.compare_and_swap(format_key, written, current);
        if (!raised || !raised->stored) co_return false;
    }
    store_.append_only_while(term_key, holder_->epoch().value());
    // A journal in which nothing was decided yet stays empty: a backup can still be restored into it.
    const auto before = co_await store_.read(1, 1);
    if (!before) co_return false;
    if (!before->empty()) {
        const json::object who{{"site", options_.site.value()}, {"version", version}, {"format", state_format}};
        const auto noted = co_await store_.append(0, "", "term", json::serialize(who));
        if (!noted) co_return false;
    }
    io::log(io::Level::warning, "controller.leads", {{"term", ours}});
    co_return true;
}

io::Task<std::string> Leadership::keep() {
    while (lost_.empty()) {
        const TimePoint now = io::now();
        const core::Candidate candidate = ask_();
        // What began since goes first: whoever asked that the lead moves asks again.
        if (candidate.move_under_way) letting_go_ = false;
        if (letting_go_ || core::hands_over(candidate, options_.terms, led_since_, now)) {
            co_await release();
            continue;
        }
        TimePoint wake = now + options_.terms.beat;
        for (const auto& command : holder_->step(core::Tick{}, now)) {
            if (const auto* due = std::get_if<core::Renew>(&command); due && !renewing_)
                io::run_in_background(executor_, renew(due->sent_at));
            if (const auto* fence = std::get_if<core::Fence>(&command)) lost_ = fence->reason;
            if (const auto* at = std::get_if<core::WakeAt>(&command)) wake = at->at;
        }
        if (lost_.empty()) co_await io::wait_for(std::max<Duration>(wake - io::now(), std::chrono::milliseconds(1)));
    }
    announced_ = false;
    co_return lost_;
}

io::Task<void> Leadership::renew(TimePoint sent_at) {
    renewing_ = true;
    core::LeaseRecord next = *lease_.record();
    next.beat += 1;
    const auto swapped = co_await store_.compare_and_swap(leader_key, lease_.revision(), core::to_json(next));
    renewing_ = false;
    if (!swapped) co_return;  // the next beat tries again
    store_heard_ = io::now();
    const auto current = core::parse_lease(swapped->current.value);
    if (current) lease_.saw(swapped->current.revision, *current, io::now());
    const bool ours = current && current->region == options_.site && current->epoch == holder_->epoch();
    if (swapped->stored) tell(core::RenewalStored{sent_at});
    // Where ours is there without our having heard of it, an answer was lost: the next beat counts.
    else if (!ours)
        tell(core::RenewalRefused{current ? current->epoch : Epoch(0)});
}

io::Task<void> Leadership::release() {
    core::LeaseRecord next = *lease_.record();
    next.released = true;
    // From here on it leads no more: once the store has it another may lead at once, and the answer may come late.
    announced_ = false;
    const auto swapped = co_await store_.compare_and_swap(leader_key, lease_.revision(), core::to_json(next));
    lost_ = swapped && swapped->stored ? "handed over" : "letting go, the store did not say that it heard";
}

void Leadership::tell(const core::LeaseEvent& event) {
    for (const auto& command : holder_->step(event, io::now())) {
        if (const auto* fence = std::get_if<core::Fence>(&command)) lost_ = fence->reason;
    }
}

}  // namespace cloudshelf::controller
