#pragma once

#include "region/log/entry.hpp"
#include "region/log/view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::changelog {

/// One change while it is decided: reads see everything decided before it, committed or about to be, and its own
/// writes; what it writes becomes durable all at once with its log entries, or not at all. Lives as long as the
/// decision it is given to (ChangeLog::write), and on its thread.
class Batch : public View {
public:
    virtual void put(Family family, std::string_view key, std::string_view value) = 0;
    virtual void erase(Family family, std::string_view key) = 0;

    /// Adds an entry of a write accepted here, with `stamp()`. Answers its position, which holds if the batch is
    /// committed.
    virtual Position append(Change change) = 0;
    /// Adds an entry of a write that another region accepted: keeps its stamp and origin.
    virtual Position append_received(const Entry& received) = 0;

    /// The moment of this batch by the hybrid clock: one for all of it, later than that of every batch decided before
    /// and than every stamp received.
    virtual core::HybridStamp stamp() = 0;
    /// The wall clock's milliseconds since 1970, as `stamp` used it.
    virtual std::int64_t wall_ms() const = 0;

protected:
    using View::View;
};

}  // namespace cloudshelf::changelog
