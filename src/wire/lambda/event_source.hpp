#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::lambda {

/// A function that gets a stream's records, batch by batch, in order.
struct EventSourceMapping {
    std::string uuid;
    std::string stream_arn;                    // of a table's stream
    std::string function_arn;                  // qualified where it was
    std::string starting_position = "LATEST";  // or "TRIM_HORIZON"
    std::int64_t batch_size = 100;
    std::int64_t retries_max = -1;      // -1: as long as the record is there
    std::int64_t age_seconds_max = -1;  // of a record; -1: any
    bool bisect = false;                // a batch that fails is halved until the record is found
    bool enabled = true;
    std::string on_failure;  // an ARN, or empty
    std::int64_t modified_ms = 0;
    bool operator==(const EventSourceMapping&) const = default;
};

/// CreateEventSourceMapping's body, but for what it names the function by. Errors: ValidationException,
/// InvalidParameterValueException (what is not supported here is among them), SerializationException.
Result<EventSourceMapping> read_event_source_mapping(const boost::json::object& request);
/// What UpdateEventSourceMapping's body leaves of it. Errors: as read_event_source_mapping.
Result<EventSourceMapping> change_event_source_mapping(EventSourceMapping from, const boost::json::object& request);

/// An EventSourceMappingConfiguration, without State and LastProcessingResult.
boost::json::object print(const EventSourceMapping& mapping);
/// What `print` wrote. Errors: as read_event_source_mapping.
Result<EventSourceMapping> read_printed_mapping(const boost::json::object& printed);

}  // namespace cloudshelf::lambda
