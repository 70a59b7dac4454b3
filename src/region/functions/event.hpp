#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "region/functions/function.hpp"
#include "wire/lambda/event_invoke.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::functions {

/// An invocation that nobody waits for, or what is left of one on its way to a destination outside of this host.
struct Event {
    std::string id;  // the request's, also when it is tried again
    std::string function;
    std::string qualifier;  // as it was asked for, or empty
    std::string payload;
    std::string client_context;
    std::string trace_id;
    std::string bucket;  // of a delivery to S3: where the payload goes instead of to a function; else empty
    std::string key;
    std::int64_t accepted_ms = 0;  // since 1970
    std::int64_t failures = 0;     // how often the function has failed
    std::int64_t put_off = 0;      // how often there was no room, or nobody to deliver to
    std::int64_t depth = 0;        // how many events this one is a consequence of
    bool operator==(const Event&) const = default;
};

std::string encode_event(const Event& event);
/// Errors: "functions.bad-record".
Result<Event> decode_event(std::string_view record);

/// What became of a try.
enum class Verdict : std::uint8_t { succeeded, failed, no_room };

/// How the next step of an event is chosen.
struct RetryTerms {
    Duration retry = std::chrono::minutes(1);  // after the first failure; after the second twice that
    lambda::EventInvokeConfig config;
};

struct NextTry {
    std::int64_t due_ms = 0;
    Event event;
};
/// It is over: `condition` as invocation records have it, "Success", "RetriesExhausted", "EventAgeExceeded".
struct Over {
    std::string_view condition;
    Event event;
};
struct NextStep {
    std::optional<NextTry> again;
    std::optional<Over> over;
};

/// Two more tries after a failure, at growing distances; tries for which there was no room do not count, but the
/// event's age does. Those are a sixtieth of `retry` apart at first, then twice as long each time, up to five times it.
NextStep next_step(Event event, Verdict verdict, const RetryTerms& terms, std::int64_t now_ms);

/// How an event ended, for those who tell of it.
struct Ending {
    std::string function_arn;  // qualified with the version or the alias
    std::string executed_version;
    std::string condition;
    std::optional<std::string> function_error;
    std::string response;  // what the function answered, or empty where none was asked
    std::int64_t now_ms = 0;
};

/// The JSON that destinations get (Lambda developer guide, "Invocation record format").
std::string invocation_record(const Event& event, const Ending& ending);

/// An event may be the consequence of so many others; a chain that is longer is a ring.
inline constexpr std::int64_t depth_max = 16;

/// What is to be done with an ending's record: one event for each destination. Destinations that cannot be read are
/// passed over, since they were checked when they were taken.
std::vector<Event> deliveries(const Event& event, const Ending& ending, const std::vector<std::string>& destinations);

/// One of them: a record about an event, on its way to a destination. Nothing: the destination cannot be read.
std::optional<Event> delivery(const Event& about, std::string record, const std::string& arn, std::int64_t now_ms);

/// Whether a destination may be named: a function's ARN of this region, or a bucket's ARN ("arn:aws:s3:::failed")
/// where there is a service of objects. Errors: InvalidParameterValueException.
Result<void> check_destination(std::string_view arn, std::string_view region, bool has_objects);

}  // namespace cloudshelf::functions
