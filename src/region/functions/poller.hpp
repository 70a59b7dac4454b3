#pragma once

#include "io/task.hpp"
#include "wire/lambda/event_source.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace cloudshelf::functions {

class Service;

/// What is to be done with a batch that a function failed with.
enum class AfterFailure : std::uint8_t { try_again, halve, give_up };

/// `failures`: of this batch, this one among them. `age_ms`: of its oldest record.
AfterFailure after_failure(
    const lambda::EventSourceMapping& mapping, std::size_t records, std::int64_t failures, std::int64_t age_ms
);

/// Gives a mapping's function its stream's records, batch by batch in their order, until the mapping is deleted or the
/// service stops. How far it has come is durable after each batch, so that a record comes at least once.
io::Task<void> poll_mapping(Service* service, std::string uuid);

}  // namespace cloudshelf::functions
