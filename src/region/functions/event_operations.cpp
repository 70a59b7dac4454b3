// How events are retried, and whom it is told how they ended.
#include "region/functions/catalogue.hpp"
#include "region/functions/event.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/event_invoke.hpp"

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t page_configs_max = 50;

/// Settings without a qualifier are those of $LATEST, and named so in the ARN.
std::string place_of(const Named& named) {
    return named.qualifier.empty() ? std::string(lambda::latest) : named.qualifier;
}

std::string arn_of(const Call& call, const Named& named, std::string_view place) {
    return lambda::function_arn(call.service.region().value(), named.name, place);
}

boost::json::object describe(const EventSettings& settings, const std::string& arn) {
    auto told = lambda::print(settings.config);
    told["FunctionArn"] = arn;
    told["LastModified"] = static_cast<double>(settings.modified_ms) / 1000;
    return told;
}

enum class Keep : bool { nothing, the_rest };

io::Task<Answer> change_config(Call call, Keep keep) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    const auto place = place_of(named);
    const auto arn = arn_of(call, named, place);
    EventSettings made{.config = {}, .modified_ms = call.service.wall_ms()};
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        const auto present = function->event_settings.find(place);
        const bool there = present != function->event_settings.end();
        if (!there && keep == Keep::the_rest) return fail(errors::event_invoke_config_not_found(arn));
        const auto before = keep == Keep::the_rest ? present->second.config : lambda::EventInvokeConfig();
        auto config = lambda::change_event_invoke_config(before, call.body);
        if (!config) return fail(config.error());
        for (const auto* destination : {&config->on_success, &config->on_failure}) {
            const bool reachable = call.service.objects() != nullptr;
            if (auto good = check_destination(*destination, call.service.region().value(), reachable); !good)
                return good;
        }
        made.config = std::move(*config);
        function->event_settings.insert_or_assign(place, made);
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_json(200, describe(made, arn));
}

io::Task<Answer> put_config(Call call) {
    return change_config(call, Keep::nothing);
}

io::Task<Answer> update_config(Call call) {
    return change_config(call, Keep::the_rest);
}

io::Task<Answer> get_config(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto place = place_of(found->named);
    const auto arn = arn_of(call, found->named, place);
    const auto settings = found->function->event_settings.find(place);
    if (settings == found->function->event_settings.end())
        co_return std::unexpected(errors::event_invoke_config_not_found(arn));
    co_return answer_json(200, describe(settings->second, arn));
}

io::Task<Answer> list_configs(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    std::map<std::string, boost::json::object> items;
    for (const auto& [place, settings] : found->function->event_settings)
        items[place] = describe(settings, arn_of(call, found->named, place));
    auto page = page_of(call, std::move(items), page_configs_max);
    if (!page) co_return std::unexpected(page.error());
    co_return answer_page("FunctionEventInvokeConfigs", std::move(*page));
}

io::Task<Answer> delete_config(Call call) {
    const auto found = find_version(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    const auto place = place_of(named);
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        if (function->event_settings.erase(place) == 0)
            return fail(errors::event_invoke_config_not_found(arn_of(call, named, place)));
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_nothing();
}

}  // namespace

void add_event_operations(Operations& to) {
    using sigv4::Permission;
    to["PutFunctionEventInvokeConfig"] = {.permission = Permission::admin, .handler = put_config};
    to["UpdateFunctionEventInvokeConfig"] = {.permission = Permission::admin, .handler = update_config};
    to["GetFunctionEventInvokeConfig"] = {.permission = Permission::read, .handler = get_config};
    to["ListFunctionEventInvokeConfigs"] = {.permission = Permission::read, .handler = list_configs};
    to["DeleteFunctionEventInvokeConfig"] = {.permission = Permission::admin, .handler = delete_config};
}

}  // namespace cloudshelf::functions
