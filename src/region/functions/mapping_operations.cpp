// Event source mappings: functions that get what happens to a table.
#include "region/functions/catalogue.hpp"
#include "region/functions/event.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/mappings.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/poller.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "region/functions/streams_client.hpp"
#include "wire/lambda/event_source.hpp"
#include "wire/lambda/fields.hpp"

#include <fmt/format.h>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t page_mappings_max = 100;

boost::json::object describe(const Call& call, const lambda::EventSourceMapping& mapping) {
    auto told = lambda::print(mapping);
    told["State"] = mapping.enabled ? "Enabled" : "Disabled";
    told["StateTransitionReason"] = "USER_INITIATED";
    told["LastProcessingResult"] = call.service.mappings().last_result(mapping.uuid);
    return told;
}

/// The ARN of the function that a body names, which has to be there.
Result<std::string> function_of(const Call& call, const std::string& text) {
    const auto name = named(call, text);
    if (!name) return fail(name.error());
    const auto function = call.service.catalogue().find(name->name);
    if (!function || function->resolve(name->qualifier) == nullptr) return fail(errors::function_not_found(name->arn));
    return name->arn;
}

Result<void> check_mapping(const Call& call, const lambda::EventSourceMapping& mapping) {
    const bool reachable = call.service.objects() != nullptr;
    return check_destination(mapping.on_failure, call.service.region().value(), reachable);
}

Result<void> check_new(const Call& call, const lambda::EventSourceMapping& mapping) {
    for (const auto& other : call.service.mappings().all()) {
        if (other->stream_arn != mapping.stream_arn || other->function_arn != mapping.function_arn) continue;
        return fail(errors::resource_conflict(fmt::format(
            "The event source arn (\" {} \") and function (\" {} \") provided mapping already exists. Please update or "
            "delete the existing mapping with UUID {}",
            mapping.stream_arn,
            mapping.function_arn,
            other->uuid
        )));
    }
    return check_mapping(call, mapping);
}

io::Task<Answer> create_mapping(Call call) {
    auto mapping = lambda::read_event_source_mapping(call.body);
    if (!mapping) co_return std::unexpected(mapping.error());
    lambda::Fields fields(call.body);
    const auto name = fields.need_text("FunctionName", 256);
    if (auto read = fields.done(); !read) co_return std::unexpected(read.error());
    auto arn = function_of(call, name);
    if (!arn) co_return std::unexpected(arn.error());
    mapping->function_arn = std::move(*arn);
    if (call.service.streams() == nullptr)
        co_return std::unexpected(errors::invalid_parameter("EventSourceArn: this host was started without --tables"));
    const auto shard = co_await call.service.streams()->first_shard(mapping->stream_arn);
    if (!shard && shard.error().code == "ResourceNotFoundException")
        co_return std::unexpected(errors::invalid_parameter("Stream not found: " + mapping->stream_arn));
    if (!shard) co_return std::unexpected(errors::service(shard.error().message));
    if (auto good = check_new(call, *mapping); !good) co_return std::unexpected(good.error());
    mapping->uuid = draw_uuid();
    mapping->modified_ms = call.service.wall_ms();
    const auto written = co_await call.service.mappings().put(*mapping);
    if (!written) co_return std::unexpected(written.error());
    call.service.run_behind(poll_mapping(&call.service, mapping->uuid));
    co_return answer_json(202, describe(call, *mapping));
}

Result<MappingPtr> find_mapping(const Call& call) {
    auto found = call.service.mappings().find(call.target.label("UUID"));
    if (!found) return fail(errors::resource_not_found("The resource you requested does not exist."));
    return found;
}

io::Task<Answer> get_mapping(Call call) {
    const auto found = find_mapping(call);
    if (!found) co_return std::unexpected(found.error());
    co_return answer_json(200, describe(call, **found));
}

io::Task<Answer> update_mapping(Call call) {
    const auto found = find_mapping(call);
    if (!found) co_return std::unexpected(found.error());
    auto changed = lambda::change_event_source_mapping(**found, call.body);
    if (!changed) co_return std::unexpected(changed.error());
    lambda::Fields fields(call.body);
    const auto name = fields.text("FunctionName", 256);
    if (auto read = fields.done(); !read) co_return std::unexpected(read.error());
    if (name) {
        auto arn = function_of(call, *name);
        if (!arn) co_return std::unexpected(arn.error());
        changed->function_arn = std::move(*arn);
    }
    if (auto good = check_mapping(call, *changed); !good) co_return std::unexpected(good.error());
    changed->modified_ms = call.service.wall_ms();
    const auto written = co_await call.service.mappings().put(*changed);
    if (!written) co_return std::unexpected(written.error());
    co_return answer_json(202, describe(call, *changed));
}

io::Task<Answer> delete_mapping(Call call) {
    const auto found = find_mapping(call);
    if (!found) co_return std::unexpected(found.error());
    auto told = describe(call, **found);
    told["State"] = "Deleting";
    const auto erased = co_await call.service.mappings().erase((*found)->uuid);
    if (!erased) co_return std::unexpected(erased.error());
    co_return answer_json(202, told);
}

io::Task<Answer> list_mappings(Call call) {
    const auto stream = call.request.query("EventSourceArn");
    const auto function = call.request.query("FunctionName");
    std::string arn;
    if (!function.empty()) {
        auto name = named(call, function);
        if (!name) co_return std::unexpected(name.error());
        arn = std::move(name->arn);
    }
    std::map<std::string, boost::json::object> items;
    for (const auto& mapping : call.service.mappings().all()) {
        const bool wanted =
            (stream.empty() || mapping->stream_arn == stream) && (arn.empty() || mapping->function_arn == arn);
        if (wanted) items[mapping->uuid] = describe(call, *mapping);
    }
    auto page = page_of(call, std::move(items), page_mappings_max);
    if (!page) co_return std::unexpected(page.error());
    co_return answer_page("EventSourceMappings", std::move(*page));
}

}  // namespace

void add_mapping_operations(Operations& to) {
    using sigv4::Permission;
    to["CreateEventSourceMapping"] = {.permission = Permission::admin, .handler = create_mapping};
    to["GetEventSourceMapping"] = {.permission = Permission::read, .handler = get_mapping};
    to["ListEventSourceMappings"] = {.permission = Permission::read, .handler = list_mappings};
    to["UpdateEventSourceMapping"] = {.permission = Permission::admin, .handler = update_mapping};
    to["DeleteEventSourceMapping"] = {.permission = Permission::admin, .handler = delete_mapping};
}

}  // namespace cloudshelf::functions
