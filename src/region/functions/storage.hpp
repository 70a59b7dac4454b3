#pragma once

#include "base/result.hpp"
#include "region/log/change_log.hpp"

#include <string>
#include <vector>

/// Where everything lies in the change log's database. Nothing is logged: functions are not replicated, each region is
/// deployed to.
///
/// | family   | key                                                | value                       |
/// | -------- | -------------------------------------------------- | --------------------------- |
/// | "data"   | "function/" name                                   | encode_function             |
/// | "data"   | "mapping/" UUID                                    | lambda::print of it         |
/// | "data"   | "position/" UUID                                   | the last record's number    |
/// | "events" | due, milliseconds since 1970, big-endian; event id | encode_event                |
namespace cloudshelf::functions {

struct Storage {
    changelog::Family catalogue{0};
    changelog::Family events{0};

    /// The families besides "data".
    static std::vector<std::string> names() { return {"events"}; }
    /// Errors: "log.no-family".
    static Result<Storage> of(const changelog::ChangeLog& log) {
        const auto events = log.family("events");
        if (!events) return fail(events.error());
        return Storage{.catalogue = log.data(), .events = *events};
    }
};

}  // namespace cloudshelf::functions
