#pragma once

#include "io/task.hpp"
#include "region/contents/name.hpp"
#include "region/contents/scrub_pace.hpp"
#include "region/objects/repairs.hpp"

#include <cstdint>
#include <optional>

namespace cloudshelf::objects {

/// Reads every content that is referred to, at a bounded pace, again and again. What is corrupt or missing is brought
/// back from another region. Begins somewhere else
/// after each start, so that one that starts often does not always look at the same. Lives on the service's executor.
class Scrubber {
public:
    Scrubber(Service& service, Repairs& repairs) : service_(service), repairs_(repairs) {}

    /// Until the service stops.
    io::Task<void> run();
    /// Looks at one. Answers whether it is whole now.
    io::Task<bool> look(contents::ContentName name);

    std::uint64_t checked() const { return checked_; }
    std::uint64_t rounds() const { return rounds_; }

private:
    Service& service_;
    Repairs& repairs_;
    std::uint64_t checked_ = 0;
    std::uint64_t rounds_ = 0;  // through all of them
};

}  // namespace cloudshelf::objects
