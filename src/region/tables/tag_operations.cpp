#include "region/tables/tag_operations.hpp"

#include "region/tables/backup_operations.hpp"
#include "region/tables/constraints.hpp"
#include "region/tables/service.hpp"
#include "region/tables/table_request.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;

constexpr std::size_t tags_per_page = 10;

Error no_such_resource(std::string_view arn) {
    return errors::resource_not_found(fmt::format("Requested resource not found: ResourceArn: {} not found", arn));
}

/// The name of the table that an ARN stands for.
Result<std::string> table_of(std::string_view arn, const RegionName& region) {
    const std::string prefix = table_arn(region, "");
    if (!arn.starts_with("arn:") || !arn.contains(":table/")) {
        return fail(
            errors::invalid_parameter(fmt::format("Invalid TableArn: Invalid ResourceArn provided as input {}", arn))
        );
    }
    if (!arn.starts_with(prefix)) return fail(no_such_resource(arn));
    return std::string(arn.substr(prefix.size()));
}

using ChangeOfTags = std::function<Result<void>(Tags& tags)>;

bool is_backup(std::string_view arn) {
    return arn.contains("/backup/");
}

Error no_such_resource(const Error& error, std::string_view arn) {
    return error.code == "BackupNotFoundException" ? no_such_resource(arn) : error;
}

io::Task<Answer> change_tags_of_backup(Service& service, std::string arn, ChangeOfTags change_of_tags) {
    const auto work = [&]() -> Result<void> {
        auto found = find_backup(service, arn);
        if (!found) return fail(found.error());
        if (auto changed = change_of_tags(found->tags); !changed) return changed;
        return tag_backup(service, found->id, std::move(found->tags));
    };
    const auto changed = co_await service.reading().run(work);
    if (!changed) co_return std::unexpected(no_such_resource(changed.error(), arn));
    co_return "";  // 200 with an empty body
}

io::Task<Answer> change_tags(Service& service, std::string arn, ChangeOfTags change_of_tags) {
    if (is_backup(arn)) co_return co_await change_tags_of_backup(service, std::move(arn), std::move(change_of_tags));
    const auto name = table_of(arn, service.region());
    if (!name) co_return std::unexpected(name.error());
    Catalogue::Change change = [&](const Table* current, changelog::Batch&) -> Result<std::optional<Table>> {
        if (current == nullptr) return fail(no_such_resource(arn));
        Table table = *current;
        if (auto changed = change_of_tags(table.tags); !changed) return fail(changed.error());
        return table;
    };
    const auto changed = co_await service.catalogue().change(*name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    co_return "";  // 200 with an empty body
}

std::string read_arn(Constraints& constraints, const boost::json::object& request) {
    const auto arn = constraints.text(request, "", "ResourceArn", Needed::yes, {.length_min = 1, .length_max = 1283});
    return arn.value_or("");
}

io::Task<Result<Tags>> tags_of(Service& service, std::string arn) {
    if (is_backup(arn)) {
        const auto work = [&]() -> Result<Tags> {
            const auto found = find_backup(service, arn);
            if (!found) return fail(no_such_resource(found.error(), arn));
            return found->tags;
        };
        co_return co_await service.reading().run(work);
    }
    const auto name = table_of(arn, service.region());
    if (!name) co_return fail(name.error());
    const auto table = service.catalogue().find(*name);
    if (!table) co_return fail(no_such_resource(arn));
    co_return table->tags;
}

}  // namespace

io::Task<Answer> tag_resource(Call call) {
    Constraints constraints;
    auto arn = read_arn(constraints, call.body);
    auto tags = read_tags(constraints, call.body, Needed::yes);
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    if (tags.empty()) {
        co_return std::unexpected(errors::validation("Atleast one Tag needs to be provided as Input."));
    }
    ChangeOfTags add = [&](Tags& into) { return merge_tags(into, tags); };
    co_return co_await change_tags(call.service, std::move(arn), std::move(add));
}

io::Task<Answer> untag_resource(Call call) {
    Constraints constraints;
    auto arn = read_arn(constraints, call.body);
    const auto* list = constraints.list(call.body, "", "TagKeys", Needed::yes);
    std::vector<std::string> keys;
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const boost::json::object alone{{"Member", (*list)[i]}};
        const auto path = fmt::format("tagKeys.{}.", i + 1);
        const auto key = constraints.text(alone, path, "Member", Needed::yes, {.length_min = 1, .length_max = 128});
        keys.push_back(key.value_or(""));
    }
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    if (keys.empty()) {
        co_return std::unexpected(errors::validation("Atleast one Tag Key needs to be provided as Input."));
    }
    ChangeOfTags remove = [&](Tags& from) -> Result<void> {
        std::erase_if(from, [&](const auto& tag) { return std::ranges::find(keys, tag.first) != keys.end(); });
        return {};
    };
    co_return co_await change_tags(call.service, std::move(arn), std::move(remove));
}

io::Task<Answer> list_tags_of_resource(Call call) {
    Constraints constraints;
    const auto arn = read_arn(constraints, call.body);
    const auto token = constraints.text(call.body, "", "NextToken", Needed::no, {});
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    const auto tags = co_await tags_of(call.service, arn);
    if (!tags) co_return std::unexpected(tags.error());
    std::size_t first = 0;
    if (token) {
        const auto* end = token->data() + token->size();
        const auto [read_to, bad] = std::from_chars(token->data(), end, first);
        if (bad != std::errc() || read_to != end) co_return std::unexpected(errors::validation("Invalid NextToken"));
    }
    const auto last = std::min(tags->size(), first + tags_per_page);
    std::string body = R"({"Tags":[)";
    for (std::size_t i = first; i < last; ++i) {
        body += i == first ? R"({"Key":)" : R"(,{"Key":)";
        dynamodb::append_json_string(body, (*tags)[i].first);
        body += R"(,"Value":)";
        dynamodb::append_json_string(body, (*tags)[i].second);
        body += '}';
    }
    body += ']';
    if (last < tags->size()) body += fmt::format(R"(,"NextToken":"{}")", last);
    co_return body + '}';
}

}  // namespace cloudshelf::tables
