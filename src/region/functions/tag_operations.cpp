// Tags of functions.
#include "region/functions/catalogue.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "region/functions/tags.hpp"
#include "wire/lambda/fields.hpp"
#include "wire/sigv4/canonical.hpp"

#include <vector>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

Result<Named> tagged(const Call& call) {
    const auto resource = call.target.label("Resource");
    auto name = named(call, resource);
    if (!name) return name;
    if (!resource.starts_with("arn:") || !name->qualifier.empty()) {
        return fail(
            errors::invalid_parameter("Tags on function aliases and versions are not supported. Please specify "
                                      "a function ARN.")
        );
    }
    return name;
}

io::Task<Answer> list_tags(Call call) {
    const auto name = tagged(call);
    if (!name) co_return std::unexpected(name.error());
    const auto function = call.service.catalogue().find(name->name);
    if (!function) co_return std::unexpected(errors::function_not_found(name->arn));
    boost::json::object tags;
    for (const auto& [key, value] : function->tags) tags[key] = value;
    boost::json::object body;
    body["Tags"] = std::move(tags);
    co_return answer_json(200, body);
}

io::Task<Answer> change_tags(Call call, Named name, Catalogue::Change change) {
    const auto changed = co_await call.service.change(name.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer_nothing();
}

io::Task<Answer> tag_resource(Call call) {
    auto name = tagged(call);
    if (!name) co_return std::unexpected(name.error());
    lambda::Fields fields(call.body);
    auto tags = fields.texts_by_name("Tags");
    if (auto read = fields.done(); !read) co_return std::unexpected(read.error());
    if (!tags) co_return std::unexpected(errors::missing_member("Tags"));
    Catalogue::Change change = [arn = name->arn,
                                added = std::move(*tags)](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(arn));
        if (auto good = check_tags(added, function->tags); !good) return good;
        for (const auto& [key, value] : added) function->tags.insert_or_assign(key, value);
        return {};
    };
    co_return co_await change_tags(call, std::move(*name), std::move(change));
}

io::Task<Answer> untag_resource(Call call) {
    auto name = tagged(call);
    if (!name) co_return std::unexpected(name.error());
    std::vector<std::string> keys;
    const auto mark = call.request.target.find('?');
    const auto query = mark == std::string::npos ? "" : call.request.target.substr(mark + 1);
    for (auto& [key, value] : sigv4::query_parameters(query)) {
        if (key == "tagKeys") keys.push_back(std::move(value));
    }
    Catalogue::Change change = [arn = name->arn,
                                gone = std::move(keys)](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(arn));
        for (const auto& key : gone) function->tags.erase(key);
        return {};
    };
    co_return co_await change_tags(call, std::move(*name), std::move(change));
}

}  // namespace

void add_tag_operations(Operations& to) {
    using sigv4::Permission;
    to["ListTags"] = {.permission = Permission::read, .handler = list_tags};
    to["TagResource"] = {.permission = Permission::admin, .handler = tag_resource};
    to["UntagResource"] = {.permission = Permission::admin, .handler = untag_resource};
}

}  // namespace cloudshelf::functions
