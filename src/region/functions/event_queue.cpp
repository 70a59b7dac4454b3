#include "region/functions/event_queue.hpp"

#include "io/log.hpp"
#include "region/log/bytes.hpp"

#include <utility>

namespace cloudshelf::functions {
namespace {

std::int64_t due_of(std::string_view place) {
    return static_cast<std::int64_t>(changelog::ByteReader(place).number<std::uint64_t>());
}

}  // namespace

std::string Due::place() const {
    return changelog::ByteWriter().number(static_cast<std::uint64_t>(due_ms)).raw(event.id).take();
}

Result<void> EventQueue::load() {
    const auto visit = [this](std::string_view, std::string_view record) {
        if (const auto event = decode_event(record)) accepted_.insert(event->accepted_ms);
        return true;
    };
    return log_->view().scan(storage_.events, {}, visit);
}

io::Task<Result<void>> EventQueue::write(const Due* gone, const std::vector<Due>* with) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        if (gone != nullptr) batch.erase(storage_.events, gone->place());
        for (const auto& each : *with) batch.put(storage_.events, each.place(), encode_event(each.event));
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    if (gone != nullptr) {
        if (const auto counted = accepted_.find(gone->event.accepted_ms); counted != accepted_.end())
            accepted_.erase(counted);
    }
    for (const auto& each : *with) accepted_.insert(each.event.accepted_ms);
    co_return Result<void>();
}

io::Task<Result<void>> EventQueue::add(Due event) {
    if (accepted_.size() >= events_max)
        co_return fail("functions.too-many-events", "there are too many events that wait");
    std::vector<Due> one;
    one.push_back(std::move(event));
    co_return co_await write(nullptr, &one);
}

io::Task<Result<void>> EventQueue::replace(Due gone, std::vector<Due> with) {
    co_return co_await write(&gone, &with);
}

Result<EventQueue::Look> EventQueue::look(std::int64_t now_ms, std::set<std::string> but, std::size_t most) const {
    Look found;
    const auto visit = [&](std::string_view place, std::string_view record) {
        const auto due_ms = due_of(place);
        if (due_ms > now_ms || found.due.size() == most) {
            found.next_ms = due_ms;
            return false;
        }
        if (but.contains(std::string(place))) return true;
        if (auto event = decode_event(record)) {
            found.due.push_back({.due_ms = due_ms, .event = std::move(*event)});
        } else {
            io::log(io::Level::error, "functions.bad-event", {{"why", event.error().message}});
        }
        return true;
    };
    if (auto scanned = log_->view().scan(storage_.events, {}, visit); !scanned) return fail(scanned.error());
    return found;
}

EventQueue::Size EventQueue::size() const {
    return {.events = accepted_.size(), .oldest_accepted_ms = accepted_.empty() ? 0 : *accepted_.begin()};
}

}  // namespace cloudshelf::functions
