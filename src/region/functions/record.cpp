#include "region/functions/record.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <exception>

namespace cloudshelf::functions {
namespace {

namespace json = boost::json;

constexpr std::int64_t format = 1;

json::object encode(const Version& version) {
    json::object configuration;
    lambda::print(version.configuration, configuration);
    return {
        {"number", version.number},
        {"configuration", std::move(configuration)},
        {"digest", version.code.digest},
        {"bytes", version.code.bytes},
        {"revision", version.revision},
        {"modified_ms", version.modified_ms},
    };
}

json::object encode(const Provisioning& provisioning) {
    return {{"requested", provisioning.requested}, {"modified_ms", provisioning.modified_ms}};
}

json::object encode(const EventSettings& settings) {
    return {{"config", lambda::print(settings.config)}, {"modified_ms", settings.modified_ms}};
}

json::object encode(const lambda::Alias& alias) {
    return lambda::print(alias);
}

template <class Value>
json::object encode(const Function::ByText<Value>& all) {
    json::object made;
    for (const auto& [name, value] : all) made[name] = encode(value);
    return made;
}

json::object encode_texts(const std::map<std::string, std::string>& texts) {
    json::object made;
    for (const auto& [name, text] : texts) made[name] = text;
    return made;
}

// Reading throws where something is missing or of another type, and is caught in one place.

template <class Value>
Value need(Result<Value> value) {
    if (!value) throw std::invalid_argument(value.error().message);
    return std::move(*value);
}

std::string text(const json::value& value) {
    return std::string(std::string_view(value.as_string()));
}

Version decode_version(const json::object& from) {
    return {
        .number = text(from.at("number")),
        .configuration = need(lambda::change_configuration({}, from.at("configuration").as_object())),
        .code = {.digest = text(from.at("digest")), .bytes = from.at("bytes").to_number<std::uint64_t>()},
        .revision = text(from.at("revision")),
        .modified_ms = from.at("modified_ms").to_number<std::int64_t>(),
    };
}

lambda::Alias decode_alias(const json::object& from) {
    auto alias = need(lambda::read_alias(from));
    alias.revision = text(from.at("RevisionId"));
    return alias;
}

Provisioning decode_provisioning(const json::object& from) {
    return {
        .requested = from.at("requested").to_number<std::int64_t>(),
        .modified_ms = from.at("modified_ms").to_number<std::int64_t>(),
    };
}

EventSettings decode_event_settings(const json::object& from) {
    return {
        .config = need(lambda::change_event_invoke_config({}, from.at("config").as_object())),
        .modified_ms = from.at("modified_ms").to_number<std::int64_t>(),
    };
}

std::map<std::string, std::string> decode_texts(const json::object& from) {
    std::map<std::string, std::string> texts;
    for (const auto& member : from) texts.insert_or_assign(std::string(member.key()), text(member.value()));
    return texts;
}

template <class Value>
Function::ByText<Value> decode_all(const json::value& from, Value (*decode)(const json::object&)) {
    Function::ByText<Value> all;
    for (const auto& member : from.as_object())
        all.insert_or_assign(std::string(member.key()), decode(member.value().as_object()));
    return all;
}

Function decode(const json::object& from) {
    if (from.at("format").as_int64() != format) throw std::invalid_argument("it is of another format");
    Function function;
    function.name = text(from.at("name"));
    function.latest = decode_version(from.at("latest").as_object());
    for (const auto& each : from.at("published").as_array()) {
        auto version = decode_version(each.as_object());
        function.published.emplace(std::stoull(version.number), std::move(version));
    }
    function.next_number = from.at("next_number").to_number<std::uint64_t>();
    function.aliases = decode_all(from.at("aliases"), decode_alias);
    if (const auto* reserved = from.if_contains("reserved")) function.reserved = reserved->to_number<std::int64_t>();
    function.provisioned = decode_all(from.at("provisioned"), decode_provisioning);
    function.event_settings = decode_all(from.at("event_settings"), decode_event_settings);
    function.statements = decode_all(from.at("statements"), decode_texts);
    function.tags = decode_texts(from.at("tags").as_object());
    return function;
}

}  // namespace

std::string encode_function(const Function& function) {
    json::array published;
    for (const auto& [number, version] : function.published) published.push_back(encode(version));
    json::object statements;
    for (const auto& [qualifier, texts] : function.statements) statements[qualifier] = encode_texts(texts);
    json::object record{
        {"format", format},
        {"name", function.name},
        {"latest", encode(function.latest)},
        {"published", std::move(published)},
        {"next_number", function.next_number},
        {"aliases", encode(function.aliases)},
        {"provisioned", encode(function.provisioned)},
        {"event_settings", encode(function.event_settings)},
        {"statements", std::move(statements)},
        {"tags", encode_texts(function.tags)},
    };
    if (function.reserved) record["reserved"] = *function.reserved;
    return json::serialize(record);
}

Result<Function> decode_function(std::string_view record) {
    try {
        return decode(json::parse(record).as_object());
    } catch (const std::exception& problem) {
        return fail("functions.bad-record", std::string("the record of a function: ") + problem.what());
    }
}

}  // namespace cloudshelf::functions
