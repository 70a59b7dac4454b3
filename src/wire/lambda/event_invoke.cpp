#include "wire/lambda/event_invoke.hpp"

#include "wire/lambda/fields.hpp"

#include <boost/json/value.hpp>

namespace cloudshelf::lambda {
namespace {

/// DestinationConfig's `OnSuccess` or `OnFailure`.
void read_destination(Fields& destinations, std::string_view which, std::string& to) {
    const auto* found = destinations.object(which);
    if (found == nullptr) return;
    Fields inside(*found);
    to = inside.text("Destination", 350).value_or("");
    if (auto read = inside.done(); !read) destinations.complain(read.error());
}

boost::json::object destination(const std::string& arn) {
    boost::json::object made;
    if (!arn.empty()) made["Destination"] = arn;
    return made;
}

}  // namespace

Result<EventInvokeConfig> change_event_invoke_config(EventInvokeConfig from, const boost::json::object& request) {
    Fields fields(request);
    if (const auto retries = fields.number("MaximumRetryAttempts", 0, retries_default)) from.retries_max = retries;
    if (const auto age = fields.number("MaximumEventAgeInSeconds", 60, age_seconds_default)) from.age_seconds_max = age;
    if (const auto* found = fields.object("DestinationConfig")) {
        Fields destinations(*found);
        read_destination(destinations, "OnSuccess", from.on_success);
        read_destination(destinations, "OnFailure", from.on_failure);
        if (auto read = destinations.done(); !read) fields.complain(read.error());
    }
    if (auto read = fields.done(); !read) return fail(read.error());
    return from;
}

boost::json::object print(const EventInvokeConfig& config) {
    boost::json::object to;
    if (config.retries_max) to["MaximumRetryAttempts"] = *config.retries_max;
    if (config.age_seconds_max) to["MaximumEventAgeInSeconds"] = *config.age_seconds_max;
    to["DestinationConfig"] = boost::json::object{
        {"OnSuccess", destination(config.on_success)}, {"OnFailure", destination(config.on_failure)}
    };
    return to;
}

}  // namespace cloudshelf::lambda
