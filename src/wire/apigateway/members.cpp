#include "wire/apigateway/members.hpp"

#include "base/base64.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::apigateway {

namespace json = boost::json;

namespace {

constexpr std::size_t depth_max = 64;

/// Boost.JSON's parser looks at UTF-8 anyway: a string of it alone tells.
bool is_utf8(std::string_view bytes) {
    // Quotes, backslashes and control characters, which would end or spoil the string, are UTF-8 all by themselves.
    std::string quoted = "\"";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        quoted += byte < 0x20 || c == '"' || c == '\\' ? ' ' : c;
    }
    quoted += '"';
    json::error_code bad;
    json::parse(quoted, bad);
    return !bad;
}

std::optional<std::string> scalar_text(const json::value& value) {
    if (const auto* text = value.if_string()) return std::string(*text);
    if (value.is_bool() || value.is_number()) return json::serialize(value);
    return {};
}

}  // namespace

Members::Members(std::string_view text, std::string code) : code_(std::move(code)) {
    json::error_code bad;
    json::parse_options options;
    options.max_depth = depth_max;
    document_ = json::parse(json::string_view(text.data(), text.size()), bad, {}, options);
    is_json_ = !bad;
    here_ = is_json_ ? document_.if_object() : nullptr;
    if (bad) {
        problem_ = Error{.code = code_, .message = "expected JSON: " + bad.message()};
    } else if (here_ == nullptr) {
        problem_ = Error{.code = code_, .message = "expected a JSON object"};
    }
}

const json::value* Members::find(std::string_view name) const {
    const auto* value = here_ == nullptr ? nullptr : here_->if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

void Members::expected(std::string_view name, std::string_view what) {
    if (!problem_) problem_ = Error{.code = code_, .message = fmt::format("{}: expected {}", name, what)};
}

bool Members::has(std::string_view name) const {
    return find(name) != nullptr;
}

std::string Members::text(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr) return {};
    if (const auto* text = value->if_string()) return std::string(*text);
    expected(name, "a string");
    return {};
}

std::int64_t Members::number(std::string_view name, std::int64_t otherwise) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    json::error_code bad;
    const auto number = value->is_number() ? value->to_number<std::int64_t>(bad) : 0;
    if (value->is_number() && !bad) return number;
    expected(name, "a whole number");
    return otherwise;
}

bool Members::flag(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr) return false;
    if (const auto* flag = value->if_bool()) return *flag;
    expected(name, "true or false");
    return false;
}

std::map<std::string, std::string> Members::texts(std::string_view name) {
    std::map<std::string, std::string> texts;
    const auto* value = find(name);
    if (value == nullptr) return texts;
    const auto* object = value->if_object();
    if (object == nullptr) {
        expected(name, "an object of strings");
        return texts;
    }
    for (const auto& [key, member] : *object) {
        auto text = scalar_text(member);
        if (text) {
            texts.emplace(std::string(key), std::move(*text));
        } else {
            expected(name, "an object of strings");
        }
    }
    return texts;
}

std::vector<std::string> Members::list(std::string_view name) {
    std::vector<std::string> list;
    const auto* value = find(name);
    if (value == nullptr) return list;
    const auto* array = value->if_array();
    if (array == nullptr) {
        expected(name, "an array of strings");
        return list;
    }
    for (const auto& member : *array) {
        if (const auto* text = member.if_string()) {
            list.emplace_back(*text);
        } else {
            expected(name, "an array of strings");
        }
    }
    return list;
}

std::string Members::body() {
    auto body = text("body");
    if (!flag("isBase64Encoded")) return body;
    auto decoded = from_base64(body);
    if (decoded) return std::move(*decoded);
    expected("body", "base64");
    return {};
}

void Members::enter(std::string_view name) {
    const auto* value = find(name);
    here_ = value == nullptr ? nullptr : value->if_object();
    if (value != nullptr && here_ == nullptr) expected(name, "an object");
}

void put_body(json::object& object, std::string_view body) {
    const bool is_text = is_utf8(body);
    if (!body.empty()) object["body"] = is_text ? std::string(body) : base64(body);
    object["isBase64Encoded"] = !is_text;
}

}  // namespace cloudshelf::apigateway
