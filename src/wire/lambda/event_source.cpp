#include "wire/lambda/event_source.hpp"

#include "wire/lambda/errors.hpp"
#include "wire/lambda/fields.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <array>

namespace cloudshelf::lambda {
namespace {

/// Refused, so that nobody believes it is there.
constexpr std::array<std::string_view, 6> unsupported{
    "FilterCriteria", "FunctionResponseTypes", "Topics", "Queues", "SelfManagedEventSource", "KMSKeyArn"
};

bool is_stream_arn(std::string_view arn) {
    return arn.starts_with("arn:aws:dynamodb:") && arn.contains(":table/") && arn.contains("/stream/");
}

void read_on_failure(Fields& fields, EventSourceMapping& to) {
    const auto* config = fields.object("DestinationConfig");
    if (config == nullptr) return;
    Fields destinations(*config);
    if (const auto* found = destinations.object("OnFailure")) {
        Fields inside(*found);
        to.on_failure = inside.text("Destination", 350).value_or("");
        if (auto read = inside.done(); !read) destinations.complain(read.error());
    }
    if (auto read = destinations.done(); !read) fields.complain(read.error());
}

}  // namespace

Result<EventSourceMapping> change_event_source_mapping(EventSourceMapping from, const boost::json::object& request) {
    Fields fields(request);
    for (const auto name : unsupported) {
        if (fields.given(name))
            fields.complain(errors::invalid_parameter(fmt::format("{} is not supported here", name)));
    }
    if (fields.number("ParallelizationFactor", 1, 10).value_or(1) != 1)
        fields.complain(errors::invalid_parameter("ParallelizationFactor: this host has 1 only"));
    if (fields.number("TumblingWindowInSeconds", 0, 900).value_or(0) != 0)
        fields.complain(errors::invalid_parameter("TumblingWindowInSeconds is not supported here"));
    from.batch_size = fields.number("BatchSize", 1, 1000).value_or(from.batch_size);
    from.retries_max = fields.number("MaximumRetryAttempts", -1, 10'000).value_or(from.retries_max);
    from.age_seconds_max = fields.number("MaximumRecordAgeInSeconds", -1, 604'800).value_or(from.age_seconds_max);
    from.bisect = fields.flag("BisectBatchOnFunctionError").value_or(from.bisect);
    from.enabled = fields.flag("Enabled").value_or(from.enabled);
    read_on_failure(fields, from);
    if (auto read = fields.done(); !read) return fail(read.error());
    return from;
}

Result<EventSourceMapping> read_event_source_mapping(const boost::json::object& request) {
    Fields fields(request);
    EventSourceMapping made;
    made.stream_arn = fields.need_text("EventSourceArn", 1024);
    made.starting_position = fields.need_text("StartingPosition", 32);
    if (auto read = fields.done(); !read) return fail(read.error());
    if (!is_stream_arn(made.stream_arn))
        return fail(errors::invalid_parameter("EventSourceArn: expected was the ARN of a table's stream"));
    if (made.starting_position != "LATEST" && made.starting_position != "TRIM_HORIZON") {
        return fail(errors::validation(
            made.starting_position, "StartingPosition", "Member must satisfy enum value set: [TRIM_HORIZON, LATEST]"
        ));
    }
    return change_event_source_mapping(std::move(made), request);
}

boost::json::object print(const EventSourceMapping& mapping) {
    boost::json::object on_failure;
    if (!mapping.on_failure.empty()) on_failure["Destination"] = mapping.on_failure;
    return {
        {"UUID", mapping.uuid},
        {"EventSourceArn", mapping.stream_arn},
        {"FunctionArn", mapping.function_arn},
        {"StartingPosition", mapping.starting_position},
        {"BatchSize", mapping.batch_size},
        {"MaximumRetryAttempts", mapping.retries_max},
        {"MaximumRecordAgeInSeconds", mapping.age_seconds_max},
        {"BisectBatchOnFunctionError", mapping.bisect},
        {"MaximumBatchingWindowInSeconds", 0},
        {"ParallelizationFactor", 1},
        {"DestinationConfig", boost::json::object{{"OnFailure", std::move(on_failure)}}},
        {"LastModified", static_cast<double>(mapping.modified_ms) / 1000},
        {"Enabled", mapping.enabled},
    };
}

Result<EventSourceMapping> read_printed_mapping(const boost::json::object& printed) {
    auto read = read_event_source_mapping(printed);
    if (!read) return read;
    Fields fields(printed);
    read->uuid = fields.need_text("UUID", 64);
    read->function_arn = fields.need_text("FunctionArn", 1024);
    if (const auto* modified = printed.if_contains("LastModified"); modified != nullptr && modified->is_number())
        read->modified_ms = static_cast<std::int64_t>(modified->to_number<double>() * 1000 + 0.5);
    if (auto good = fields.done(); !good) return fail(good.error());
    return read;
}

}  // namespace cloudshelf::lambda
