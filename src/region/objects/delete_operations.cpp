// DeleteObject, DeleteObjects.
#include "region/objects/delete_version.hpp"
#include "region/objects/documents.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/lock_headers.hpp"
#include "wire/s3/multi_delete.hpp"
#include "wire/s3/names.hpp"

#include <algorithm>

namespace cloudshelf::objects {
namespace {

constexpr auto write = sigv4::Permission::write;

/// A version for good is an action of its own, and so is each object of many, and to pass by what retains it.
Result<void> permit_deletion(const Call& call, Deletion& deletion) {
    constexpr auto object = Operation::On::object;
    const auto action = deletion.version_id ? "s3:DeleteObjectVersion" : "s3:DeleteObject";
    if (auto permitted = permit(call, action, write, object, deletion.key); !permitted) return permitted;
    if (!s3::bypasses_governance(call.request.headers)) return {};
    constexpr auto admin = sigv4::Permission::admin;
    const auto passing_by = permit(call, "s3:BypassGovernanceRetention", admin, object, deletion.key);
    if (passing_by) deletion.bypass = core::BypassGovernance::yes;
    return passing_by;
}

bool is_id(std::string_view id) {
    return id == null_id || stamp_of(id);
}

io::Task<Answer> delete_object(Call call) {
    if (auto checked = s3::check_key(call.target.key); !checked) co_return std::unexpected(checked.error());
    Deletion deletion{.key = call.target.key};
    if (call.asks_for("versionId")) deletion.version_id = std::string(call.parameter("versionId"));
    if (deletion.version_id && !is_id(*deletion.version_id))
        co_return std::unexpected(s3::errors::invalid_argument("Invalid version id specified"));
    if (const auto if_match = call.header("If-Match"); !if_match.empty() && if_match != "*")
        deletion.etag = std::string(s3::unquoted_etag(if_match));
    if (auto permitted = permit_deletion(call, deletion); !permitted) co_return std::unexpected(permitted.error());
    std::vector<Deletion> deletions{std::move(deletion)};
    const auto deleted = co_await delete_versions(call, std::move(deletions));
    if (!deleted) co_return std::unexpected(deleted.error());
    const Deleted& outcome = deleted->front();
    if (outcome.refused) co_return std::unexpected(*outcome.refused);
    io::HttpResponse answer = empty_answer(204);
    if (outcome.version_id) answer.headers.emplace_back("x-amz-version-id", *outcome.version_id);
    if (outcome.delete_marker) answer.headers.emplace_back("x-amz-delete-marker", "true");
    co_return answer;
}

s3::DeleteOutcome refused(const s3::ObjectToDelete& object, const Error& error) {
    return {
        .key = object.key, .version_id = object.version_id, .error_code = error.code, .error_message = error.message
    };
}

s3::DeleteOutcome shown(const s3::ObjectToDelete& object, const Deleted& deleted) {
    if (deleted.refused) return refused(object, *deleted.refused);
    s3::DeleteOutcome outcome{.key = object.key, .version_id = object.version_id};
    outcome.delete_marker = deleted.delete_marker;
    if (deleted.delete_marker) outcome.delete_marker_version_id = deleted.version_id;
    return outcome;
}

io::Task<Answer> delete_objects(Call call) {
    const auto request = s3::parse_delete(call.request.body);
    if (!request) co_return std::unexpected(request.error());
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    std::vector<Deletion> deletions;
    std::vector<std::size_t> places;  // of the deletions in the request
    s3::DeleteResult result{.outcomes = std::vector<s3::DeleteOutcome>(request->objects.size())};
    for (std::size_t i = 0; i < request->objects.size(); ++i) {
        const auto& object = request->objects[i];
        Deletion deletion{.key = object.key, .version_id = object.version_id, .etag = object.etag};
        auto possible = s3::check_key(object.key);
        if (possible && object.version_id && !is_id(*object.version_id)) possible = fail(s3::errors::no_such_version());
        if (possible) possible = permit_deletion(call, deletion);
        if (possible) {
            deletions.push_back(std::move(deletion));
            places.push_back(i);
        } else {
            result.outcomes[i] = refused(object, possible.error());
        }
    }
    const auto deleted = co_await delete_versions(call, std::move(deletions));
    if (!deleted) co_return std::unexpected(deleted.error());
    for (std::size_t i = 0; i < places.size(); ++i)
        result.outcomes[places[i]] = shown(request->objects[places[i]], (*deleted)[i]);
    if (request->quiet) std::erase_if(result.outcomes, [](const auto& outcome) { return outcome.error_code.empty(); });
    co_return xml_answer(s3::print(result));
}

}  // namespace

void add_delete_operations(Operations& to) {
    to["DeleteObject"] = {
        .action = "s3:DeleteObject", .permission = write, .on = Operation::On::object, .handler = delete_object
    };
    to["DeleteObjects"] = {.action = "", .handler = delete_objects};  // each object is asked for alone
}

}  // namespace cloudshelf::objects
