#include "wire/s3/post_policy.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudshelf::s3 {
namespace {

namespace json = boost::json;

/// Of the form itself, or what signs it.
constexpr std::array<std::string_view, 4> need_no_word{"policy", "x-amz-signature", "signature", "awsaccesskeyid"};

std::unexpected<Error> invalid(std::string_view why) {
    return fail(errors::named("InvalidPolicyDocument", fmt::format("Invalid Policy: {}", why)));
}

std::unexpected<Error> against_policy(std::string_view why) {
    return fail(errors::named("AccessDenied", fmt::format("Invalid according to Policy: {}", why)));
}

std::string field_name(std::string_view text) {
    if (text.starts_with('$')) text.remove_prefix(1);
    return text::lower(text);
}

std::optional<std::uint64_t> length_of(const json::value& value) {
    if (value.is_string()) return text::digits(std::string_view(value.get_string()));
    boost::system::error_code wrong;
    const auto number = value.to_number<std::uint64_t>(wrong);
    return wrong ? std::nullopt : std::optional(number);
}

/// ["eq", "$key", "a"], ["starts-with", "$key", "a"], ["content-length-range", 1, 10]
Result<void> read_list(const json::array& list, PostPolicy& to) {
    if (list.size() != 3 || !list[0].is_string()) return invalid("Invalid Condition");
    const std::string kind = text::lower(std::string_view(list[0].get_string()));
    if (kind == "content-length-range") {
        const auto least = length_of(list[1]), most = length_of(list[2]);
        if (!least || !most) return invalid("Invalid content-length-range");
        to.length = std::pair(*least, *most);
        return {};
    }
    if (kind != "eq" && kind != "starts-with") return invalid("Unknown Condition");
    if (!list[1].is_string() || !list[2].is_string() || !list[1].get_string().starts_with('$'))
        return invalid("Invalid Condition");
    to.conditions.push_back({
        .kind = kind == "eq" ? PostCondition::Kind::equal : PostCondition::Kind::starts_with,
        .field = field_name(std::string_view(list[1].get_string())),
        .value = std::string(list[2].get_string()),
    });
    return {};
}

/// {"key": "a"}
Result<void> read_object(const json::object& object, PostPolicy& to) {
    if (object.size() != 1)
        return invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
    const auto& [name, value] = *object.begin();
    if (!value.is_string()) return invalid("Invalid Simple-Condition: value must be a string.");
    to.conditions.push_back({.field = field_name(name), .value = std::string(value.get_string())});
    return {};
}

Result<void> read_condition(const json::value& condition, PostPolicy& to) {
    if (const auto* list = condition.if_array()) return read_list(*list, to);
    if (const auto* object = condition.if_object()) return read_object(*object, to);
    return invalid("Invalid Condition");
}

bool holds(const PostCondition& condition, std::string_view value) {
    if (condition.kind == PostCondition::Kind::equal) return value == condition.value;
    return value.starts_with(condition.value);
}

/// For each field of that name: which of several counts is the business of whoever uses them. One has to be there.
bool holds(const PostCondition& condition, const FormFields& fields) {
    bool there = false;
    for (const auto& [name, value] : fields) {
        if (name != condition.field) continue;
        if (!holds(condition, value)) return false;
        there = true;
    }
    return there;
}

std::string shown(const PostCondition& condition) {
    const bool equal = condition.kind == PostCondition::Kind::equal;
    return json::serialize(json::array{equal ? "eq" : "starts-with", "$" + condition.field, condition.value});
}

}  // namespace

Result<PostPolicy> parse_post_policy(std::string_view document) {
    boost::system::error_code wrong;
    const json::value parsed = json::parse(document, wrong);
    if (wrong || !parsed.is_object()) return invalid("Invalid JSON.");
    const json::object& root = parsed.get_object();
    PostPolicy policy;
    const auto* expiration = root.if_contains("expiration");
    if (expiration == nullptr || !expiration->is_string()) return invalid("Policy missing expiration.");
    const auto expires = parse_timestamp(std::string_view(expiration->get_string()));
    if (!expires) return invalid("Invalid 'expiration' value.");
    policy.expires_ms = *expires;
    const auto* conditions = root.if_contains("conditions");
    if (conditions == nullptr || !conditions->is_array()) return invalid("Policy missing conditions.");
    for (const auto& condition : conditions->get_array()) {
        if (auto read = read_condition(condition, policy); !read) return fail(read.error());
    }
    return policy;
}

Result<void> check_fields(const PostPolicy& policy, const FormFields& fields) {
    for (const auto& condition : policy.conditions) {
        if (!holds(condition, fields))
            return against_policy(fmt::format("Policy Condition failed: {}", shown(condition)));
    }
    for (const auto& [name, value] : fields) {
        if (std::ranges::find(need_no_word, name) != need_no_word.end() || name.starts_with("x-ignore-")) continue;
        if (std::ranges::find(policy.conditions, name, &PostCondition::field) == policy.conditions.end() &&
            name != "bucket")
            return against_policy(fmt::format("Extra input fields: {}", name));
    }
    return {};
}

Result<void> check_expiration(const PostPolicy& policy, std::int64_t now_ms) {
    if (now_ms < policy.expires_ms) return {};
    return against_policy("Policy expired.");
}

Result<void> check_length(const PostPolicy& policy, std::uint64_t file_bytes) {
    if (!policy.length) return {};
    if (file_bytes < policy.length->first) return fail(errors::entity_too_small());
    if (file_bytes > policy.length->second) return fail(errors::entity_too_large());
    return {};
}

}  // namespace cloudshelf::s3
