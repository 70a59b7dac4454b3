#include "region/functions/event_queue.hpp"

#include "io/log.hpp"
#include "region/log/bytes.hpp"

#include <algorithm>
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

io::Task<Result<void>> EventQueue::add(Due event) {
    std::vector<Due> one;
    one.push_back(std::move(event));
    return replace({}, std::move(one));
}

io::Task<Result<void>> EventQueue::replace(std::string place, std::vector<Due> with) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        if (!place.empty()) batch.erase(storage_.events, place);
        for (const auto& each : with) batch.put(storage_.events, each.place(), encode_event(each.event));
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    co_return Result<void>();
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

Result<EventQueue::Size> EventQueue::size() const {
    Size size;
    const auto visit = [&](std::string_view, std::string_view record) {
        const auto event = decode_event(record);
        if (!event) return true;
        ++size.events;
        size.oldest_accepted_ms =
            size.events == 1 ? event->accepted_ms : std::min(size.oldest_accepted_ms, event->accepted_ms);
        return true;
    };
    if (auto scanned = log_->view().scan(storage_.events, {}, visit); !scanned) return fail(scanned.error());
    return size;
}

}  // namespace cloudshelf::functions
