#include "region/functions/event.hpp"

#include "region/functions/ids.hpp"
#include "region/log/bytes.hpp"
#include "wire/lambda/date.hpp"
#include "wire/lambda/errors.hpp"
#include "wire/lambda/invocation.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::uint8_t format = 1;
constexpr std::string_view bucket_arn = "arn:aws:s3:::";
constexpr std::size_t response_bytes_max = 1 << 20;

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string json_text(std::string_view text) {
    return boost::json::serialize(boost::json::value(text));
}

/// JSON as it is, anything else as a text of JSON.
std::string as_json(std::string_view bytes) {
    return lambda::is_json(bytes) ? std::string(bytes) : json_text(bytes);
}

std::string response_members(const Ending& ending) {
    if (ending.executed_version.empty()) return "";
    std::string members = fmt::format(
        R"(,"responseContext":{{"statusCode":200,"executedVersion":{})", json_text(ending.executed_version)
    );
    if (ending.function_error) members += fmt::format(R"(,"functionError":{})", json_text(*ending.function_error));
    members += "}";
    if (!ending.response.empty() && ending.response.size() <= response_bytes_max)
        members += fmt::format(R"(,"responsePayload":{})", as_json(ending.response));
    return members;
}

/// As S3 destinations are filled (Lambda developer guide, "Capturing records of asynchronous invocations").
std::string object_key(const Event& event, std::int64_t now_ms) {
    const auto time = lambda::timestamp(now_ms);
    std::string moment = time.substr(0, 19);
    std::ranges::replace(moment, ':', '.');
    return fmt::format(
        "aws/lambda/async/{}/{}/{}/{}/{}-{}",
        event.function,
        time.substr(0, 4),
        time.substr(5, 2),
        time.substr(8, 2),
        moment,
        draw_uuid()
    );
}

NextStep give_up(Event event, std::string_view condition) {
    return {.again = std::nullopt, .over = Over{.condition = condition, .event = std::move(event)}};
}

}  // namespace

std::string encode_event(const Event& event) {
    changelog::ByteWriter writer;
    writer.number(format)
        .text<std::uint16_t>(event.id)
        .text<std::uint16_t>(event.function)
        .text<std::uint16_t>(event.qualifier)
        .text<std::uint16_t>(event.client_context)
        .text<std::uint16_t>(event.trace_id)
        .text<std::uint16_t>(event.bucket)
        .text<std::uint16_t>(event.key)
        .number(static_cast<std::uint64_t>(event.accepted_ms))
        .number(static_cast<std::uint64_t>(event.failures))
        .number(static_cast<std::uint64_t>(event.put_off))
        .number(static_cast<std::uint64_t>(event.depth))
        .text<std::uint32_t>(event.payload);
    return writer.take();
}

Result<Event> decode_event(std::string_view record) {
    changelog::ByteReader reader(record);
    Event event;
    const auto read_format = reader.number<std::uint8_t>();
    event.id = reader.text<std::uint16_t>();
    event.function = reader.text<std::uint16_t>();
    event.qualifier = reader.text<std::uint16_t>();
    event.client_context = reader.text<std::uint16_t>();
    event.trace_id = reader.text<std::uint16_t>();
    event.bucket = reader.text<std::uint16_t>();
    event.key = reader.text<std::uint16_t>();
    event.accepted_ms = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    event.failures = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    event.put_off = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    event.depth = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    event.payload = reader.text<std::uint32_t>();
    if (read_format != format || !reader.finished()) return fail("functions.bad-record", "the record of an event");
    return event;
}

NextStep next_step(Event event, Verdict verdict, const RetryTerms& terms, std::int64_t now_ms) {
    if (verdict == Verdict::succeeded) return give_up(std::move(event), "Success");
    Duration wait = terms.retry;
    if (verdict == Verdict::failed) {
        if (++event.failures > terms.config.retries_max.value_or(lambda::retries_default))
            return give_up(std::move(event), "RetriesExhausted");
        wait = terms.retry * event.failures;
    } else {
        const auto doubled = std::min<std::int64_t>(event.put_off++, 16);
        wait = std::min<Duration>(terms.retry / 60 * (std::int64_t{1} << doubled), terms.retry * 5);
    }
    const auto due_ms = now_ms + milliseconds(wait);
    const auto age_max_ms = 1000 * terms.config.age_seconds_max.value_or(lambda::age_seconds_default);
    if (due_ms - event.accepted_ms > age_max_ms) return give_up(std::move(event), "EventAgeExceeded");
    return {.again = NextTry{.due_ms = due_ms, .event = std::move(event)}, .over = std::nullopt};
}

std::string invocation_record(const Event& event, const Ending& ending) {
    auto time = lambda::timestamp(ending.now_ms);
    time.replace(time.size() - 5, 5, "Z");
    return fmt::format(
        R"({{"version":"1.0","timestamp":"{}","requestContext":{{"requestId":{},"functionArn":{},"condition":{},)"
        R"("approximateInvokeCount":{}}},"requestPayload":{}{}}})",
        time,
        json_text(event.id),
        json_text(ending.function_arn),
        json_text(ending.condition),
        event.failures + (ending.condition == "Success" ? 1 : 0),
        as_json(event.payload),
        response_members(ending)
    );
}

std::optional<Event> delivery(const Event& about, std::string record, const std::string& arn, std::int64_t now_ms) {
    Event made{.id = draw_uuid(), .payload = std::move(record), .trace_id = about.trace_id, .accepted_ms = now_ms};
    made.depth = about.depth + 1;
    if (arn.starts_with(bucket_arn)) {
        made.function = about.function;
        made.bucket = arn.substr(bucket_arn.size());
        made.key = object_key(about, now_ms);
        return made;
    }
    const auto target = lambda::read_reference(arn);
    if (!target) return std::nullopt;
    made.function = target->name;
    made.qualifier = target->qualifier;
    return made;
}

std::vector<Event> deliveries(const Event& event, const Ending& ending, const std::vector<std::string>& destinations) {
    std::vector<Event> made;
    if (destinations.empty() || event.depth >= depth_max) return made;
    const auto record = invocation_record(event, ending);
    for (const auto& arn : destinations) {
        if (auto next = delivery(event, record, arn, ending.now_ms)) made.push_back(std::move(*next));
    }
    return made;
}

Result<void> check_destination(std::string_view arn, std::string_view region, bool has_objects) {
    if (arn.empty()) return {};
    if (arn.starts_with(bucket_arn) && arn.size() > bucket_arn.size() && !arn.contains('/')) {
        if (has_objects) return {};
        return fail(errors::invalid_parameter(
            fmt::format("The destination {} cannot be reached: this host was started without --objects", arn)
        ));
    }
    const auto target = lambda::read_reference(arn);
    if (arn.starts_with("arn:") && target && target->region == region && target->account == lambda::account_id)
        return {};
    return fail(errors::invalid_parameter(fmt::format(
        "The provided destination {} is not supported: expected the ARN of a function of this region or of a bucket",
        arn
    )));
}

}  // namespace cloudshelf::functions
