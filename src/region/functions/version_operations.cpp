// Versions: what $LATEST was, for ever.
#include "region/functions/catalogue.hpp"
#include "region/functions/description.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/publish.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/fields.hpp"

#include <fmt/format.h>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t page_versions_max = 50;

io::Task<Answer> publish_version(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    lambda::Fields fields(call.body);
    const auto description = fields.text("Description", 256);
    const auto digest = fields.text("CodeSha256", 256);
    if (auto read = fields.done(); !read) co_return std::unexpected(read.error());
    const auto guard = call.service.begin_change(named.name);
    if (!guard) co_return std::unexpected(guard.error());
    const auto now_ms = call.service.wall_ms();
    std::string number;
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        if (auto same = check_revision(call.body, function->latest.revision); !same) return same;
        const auto present = code_sha256(function->latest.code);
        if (digest && !digest->empty() && *digest != present) {
            return fail(errors::invalid_parameter(fmt::format(
                "CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the "
                "CodeSHA256 in $LATEST.",
                *digest,
                present
            )));
        }
        number = publish(*function, description, now_ms);
        return {};
    };
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    const auto* version = changed->after ? changed->after->version(number) : nullptr;
    if (version == nullptr) co_return std::unexpected(errors::function_not_found(named.arn));
    const auto arn = lambda::function_arn(call.service.region().value(), named.name, number);
    co_return answer_json(201, describe(*changed->after, *version, arn, Update::done));
}

io::Task<Answer> list_versions(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& function = *found->function;
    const auto& region = call.service.region().value();
    std::map<std::string, boost::json::object> items;
    const auto add = [&](const Version& version, std::uint64_t number) {
        const auto arn = lambda::function_arn(region, function.name, version.number);
        items[fmt::format("{:018}", number)] = describe(function, version, arn, Update::done);
    };
    add(function.latest, 0);
    for (const auto& [number, version] : function.published) add(version, number);
    auto page = page_of(call, std::move(items), page_versions_max);
    if (!page) co_return std::unexpected(page.error());
    co_return answer_page("Versions", std::move(*page));
}

}  // namespace

void add_version_operations(Operations& to) {
    using sigv4::Permission;
    to["PublishVersion"] = {.permission = Permission::admin, .handler = publish_version};
    to["ListVersionsByFunction"] = {.permission = Permission::read, .handler = list_versions};
}

}  // namespace cloudshelf::functions
