#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cloudshelf::lambda {

/// How events are retried, and where those go that succeed or fail for good.
struct EventInvokeConfig {
    std::optional<std::int64_t> retries_max;      // 0 to 2; nothing: 2
    std::optional<std::int64_t> age_seconds_max;  // 60 to 21600; nothing: 21600
    std::string on_success;                       // an ARN, or empty
    std::string on_failure;
    bool operator==(const EventInvokeConfig&) const = default;
};

inline constexpr std::int64_t retries_default = 2;
inline constexpr std::int64_t age_seconds_default = 21600;

/// What the body of PutFunctionEventInvokeConfig (`from` empty) or of UpdateFunctionEventInvokeConfig leaves of it.
/// Errors: ValidationException, SerializationException.
Result<EventInvokeConfig> change_event_invoke_config(EventInvokeConfig from, const boost::json::object& request);

/// The members of a FunctionEventInvokeConfig that come from here; what was read is read from it again as the same.
boost::json::object print(const EventInvokeConfig& config);

}  // namespace cloudshelf::lambda
