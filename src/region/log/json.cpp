#include "region/log/json.hpp"

#include "base/crc32c.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace cloudshelf::changelog {

namespace json = boost::json;

std::optional<json::object> parse_object(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

std::string text_in(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains(json::string_view(name.data(), name.size()));
    if (found == nullptr || !found->is_string()) return {};
    return std::string(found->as_string());
}

std::uint64_t number_in(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains(json::string_view(name.data(), name.size()));
    if (found == nullptr) return 0;
    if (found->is_uint64()) return found->as_uint64();
    return found->is_int64() ? static_cast<std::uint64_t>(std::max<std::int64_t>(found->as_int64(), 0)) : 0;
}

namespace {

/// Against bytes that change on their way: a log taken for another one would cost a snapshot.
std::uint32_t checksum_of(const Identity& identity) {
    const std::uint32_t ids = crc32c(identity.parent.value(), crc32c(identity.id.value() + "<"));
    return crc32c(std::to_string(identity.parent_position.value()), ids);
}

/// 32 hexadecimal digits, or nothing where a log has no parent.
bool is_log_id(const LogId& id) {
    return (id.value().empty() || id.value().size() == 32) &&
           id.value().find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

json::object to_json(const Identity& identity) {
    return {
        {"checksum", checksum_of(identity)},
        {"id", identity.id.value()},
        {"parent", identity.parent.value()},
        {"parent_position", identity.parent_position.value()}
    };
}

Result<Identity> identity_in(const json::object& object) {
    Identity identity{
        .id = LogId(text_in(object, "id")),
        .parent = LogId(text_in(object, "parent")),
        .parent_position = Position(number_in(object, "parent_position"))
    };
    if (identity.id.value().empty() || !is_log_id(identity.id) || !is_log_id(identity.parent) ||
        number_in(object, "checksum") != checksum_of(identity)) {
        return fail({.code = "log.bad-answer", .message = "a log's identity cannot be read", .retryable = true});
    }
    return identity;
}

Result<Identity> parse_identity(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return fail("log.bad-answer", "a log's identity is no JSON object");
    return identity_in(*object);
}

json::object to_json(const Followed& followed) {
    return {{"id", followed.id.value()}, {"position", followed.position.value()}, {"checksum", followed.checksum}};
}

Result<Followed> parse_followed(std::string_view text) {
    const auto object = parse_object(text);
    const Followed followed{
        .id = LogId(object ? text_in(*object, "id") : ""),
        .position = Position(object ? number_in(*object, "position") : 0),
        .checksum = static_cast<std::uint32_t>(object ? number_in(*object, "checksum") : 0)
    };
    if (followed.id.value().empty() || !is_log_id(followed.id) || !object->contains("position")) {
        return fail({.code = "log.bad-answer", .message = "where to go on in a log cannot be read", .retryable = true});
    }
    return followed;
}

std::optional<Error> parse_error(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return std::nullopt;
    const auto* const error = object->if_contains("error");
    if (error == nullptr || !error->is_object()) return std::nullopt;
    const auto& said = error->as_object();
    if (text_in(said, "code").empty()) return std::nullopt;
    return Error{.code = text_in(said, "code"), .message = text_in(said, "message"), .retryable = true};
}

}  // namespace cloudshelf::changelog
