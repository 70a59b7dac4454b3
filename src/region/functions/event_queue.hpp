#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/functions/event.hpp"
#include "region/functions/storage.hpp"
#include "region/log/change_log.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cloudshelf::functions {

/// More are not accepted: their functions are too slow for them.
inline constexpr std::size_t events_max = 100'000;

/// An event with the time at which it is to be tried.
struct Due {
    std::int64_t due_ms = 0;  // since 1970
    Event event;

    /// Where it lies; also the order in which events are tried.
    std::string place() const;
};

/// Events on the disk, by when they are due. Each is there from `add` until a `replace` without it. Lives on one
/// executor, except where it says "any thread".
class EventQueue {
public:
    EventQueue(changelog::ChangeLog* log, Storage storage) : log_(log), storage_(storage) {}

    /// Counts what is there. Before anything else. Errors: those of View::scan.
    Result<void> load();

    /// Durable when it answers. Errors: "functions.too-many-events", those of ChangeLog::write.
    io::Task<Result<void>> add(Due event);
    /// One goes, others come, all at once. Errors: those of ChangeLog::write.
    io::Task<Result<void>> replace(Due gone, std::vector<Due> with);

    struct Look {
        std::vector<Due> due;                 // in order
        std::optional<std::int64_t> next_ms;  // when the next one after these is due; nothing: there is none
    };
    /// Those that are due and not in `but`, at most `most`. Waits for the disk; any thread. An event that cannot be
    /// read is passed over. Errors: those of View::scan.
    Result<Look> look(std::int64_t now_ms, std::set<std::string> but, std::size_t most) const;

    struct Size {
        std::uint64_t events = 0;
        std::int64_t oldest_accepted_ms = 0;  // 0: there is none
    };
    Size size() const;

private:
    io::Task<Result<void>> write(const Due* gone, const std::vector<Due>* with);

    changelog::ChangeLog* log_;
    Storage storage_;
    std::multiset<std::int64_t> accepted_;  // of all that are there: when
};

}  // namespace cloudshelf::functions
