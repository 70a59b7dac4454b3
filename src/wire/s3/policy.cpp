#include "wire/s3/policy.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/ip_block.hpp"
#include "wire/s3/policy_json.hpp"
#include "wire/s3/policy_values.hpp"
#include "wire/s3/value_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cloudshelf::s3 {
namespace {

namespace json = boost::json;

Error malformed(std::string what) {
    return errors::malformed_policy(std::move(what));
}

std::string_view view(const auto& text) {
    return {text.data(), text.size()};
}

struct NamedOperator {
    std::string_view name;
    PolicyOperator op;
    bool negated = false;
};

using enum PolicyOperator;
constexpr auto operators = std::to_array<NamedOperator>({
    {"StringEquals", string_equals},
    {"StringNotEquals", string_equals, true},
    {"StringEqualsIgnoreCase", string_equals_ignore_case},
    {"StringNotEqualsIgnoreCase", string_equals_ignore_case, true},
    {"StringLike", string_like},
    {"StringNotLike", string_like, true},
    {"NumericEquals", numeric_equals},
    {"NumericNotEquals", numeric_equals, true},
    {"NumericLessThan", numeric_less_than},
    {"NumericLessThanEquals", numeric_less_than_equals},
    {"NumericGreaterThan", numeric_greater_than},
    {"NumericGreaterThanEquals", numeric_greater_than_equals},
    {"DateEquals", date_equals},
    {"DateNotEquals", date_equals, true},
    {"DateLessThan", date_less_than},
    {"DateLessThanEquals", date_less_than_equals},
    {"DateGreaterThan", date_greater_than},
    {"DateGreaterThanEquals", date_greater_than_equals},
    {"Bool", boolean},
    {"IpAddress", ip_address},
    {"NotIpAddress", ip_address, true},
    {"ArnEquals", arn_like},
    {"ArnNotEquals", arn_like, true},
    {"ArnLike", arn_like},
    {"ArnNotLike", arn_like, true},
    {"Null", null},
});

bool is_value_of(PolicyOperator op, std::string_view value) {
    switch (op) {
        case string_equals:
        case string_equals_ignore_case:
        case string_like:
        case arn_like:
            return true;
        case numeric_equals:
        case numeric_less_than:
        case numeric_less_than_equals:
        case numeric_greater_than:
        case numeric_greater_than_equals:
            return policy_number(value).has_value();
        case date_equals:
        case date_less_than:
        case date_less_than_equals:
        case date_greater_than:
        case date_greater_than_equals:
            return policy_date_ms(value).has_value();
        case boolean:
        case null:
            return policy_bool(value).has_value();
        case ip_address:
            return parse_ip_block(value).has_value();
    }
    std::unreachable();
}

/// A text, or a list of texts that isn't empty.
Result<std::vector<std::string>> read_texts(const json::value& found, std::string_view element) {
    std::vector<std::string> texts;
    const auto take = [&](const json::value& each) {
        const auto* text = each.if_string();
        if (text) texts.emplace_back(view(*text));
        return text != nullptr;
    };
    const auto* list = found.if_array();
    const bool good = list ? !list->empty() && std::ranges::all_of(*list, take) : take(found);
    if (!good) return fail(malformed(fmt::format("{} must be a string or a list of strings", element)));
    // Taken as plain text a variable would match nothing, or the wrong thing.
    for (const auto& text : texts) {
        if (text.contains("${")) return fail(malformed("Policy variables are not supported"));
    }
    return texts;
}

/// Values of conditions may be numbers and booleans too.
Result<std::vector<std::string>> read_values(const json::value& found) {
    if (const bool* yes = found.if_bool()) return std::vector<std::string>{*yes ? "true" : "false"};
    if (const auto* number = found.if_int64()) return std::vector{std::to_string(*number)};
    return read_texts(found, "Values of conditions");
}

bool is_account(std::string_view text) {
    return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<PolicyPrincipals> read_principals(const json::value& found) {
    PolicyPrincipals principals;
    if (const auto* text = found.if_string(); text && *text == "*") return PolicyPrincipals{.everybody = true};
    const auto* object = found.if_object();
    if (!object || object->empty()) return fail(malformed("Invalid principal in policy"));
    for (const auto& [name, value] : *object) {
        auto texts = read_texts(value, "Principal");
        if (!texts) return fail(std::move(texts.error()));
        if (name == "AWS") {
            for (auto& text : *texts) {
                if (text == "*") {
                    principals.everybody = true;
                } else if (is_account(text) || (text.starts_with("arn:aws:") && !text.contains('*'))) {
                    principals.aws.push_back(std::move(text));
                } else {
                    return fail(malformed("Invalid principal in policy"));
                }
            }
        } else if (name == "CanonicalUser") {
            principals.canonical = std::move(*texts);
        } else if (name == "Service" || name == "Federated") {
            std::ranges::move(*texts, std::back_inserter(principals.others));
        } else {
            return fail(malformed("Invalid principal in policy"));
        }
    }
    return principals;
}

Result<PolicyPatterns> read_patterns(const json::object& statement, std::string_view name, std::string_view not_name) {
    const auto* plain = statement.if_contains({name.data(), name.size()});
    const auto* excluded = statement.if_contains({not_name.data(), not_name.size()});
    if (!plain && !excluded) return fail(malformed(fmt::format("Missing required field {}", name)));
    if (plain && excluded) return fail(malformed(fmt::format("{} and {} cannot be used together", name, not_name)));
    auto texts = read_texts(plain ? *plain : *excluded, name);
    if (!texts) return fail(std::move(texts.error()));
    return PolicyPatterns{.excluded = !plain, .patterns = std::move(*texts)};
}

Result<PolicyPatterns> read_actions(const json::object& statement) {
    auto actions = read_patterns(statement, "Action", "NotAction");
    if (!actions) return actions;
    for (auto& action : actions->patterns) {
        action = text::lower(action);  // actions' case does not matter
        if (action != "*" && (!action.starts_with("s3:") || action.size() == 3))
            return fail(malformed("Policy has invalid action"));
    }
    return actions;
}

Result<PolicyPatterns> read_resources(const json::object& statement, std::string_view bucket) {
    auto resources = read_patterns(statement, "Resource", "NotResource");
    if (!resources) return resources;
    const auto whole = fmt::format("arn:aws:s3:::{}", bucket);
    for (const auto& resource : resources->patterns) {
        if (resource != whole && !resource.starts_with(whole + "/") && resource != whole + "*")
            return fail(malformed("Policy has invalid resource"));
    }
    return resources;
}

/// "ForAllValues:StringLikeIfExists" and the like.
Result<PolicyCondition> read_operator(std::string_view name) {
    PolicyCondition condition;
    const auto unknown = fmt::format("Invalid Condition type : {}", name);
    constexpr std::string_view all = "ForAllValues:", any = "ForAnyValue:", if_exists = "IfExists";
    if (name.starts_with(all)) {
        condition.quantifier = PolicyQuantifier::for_all_values;
        name.remove_prefix(all.size());
    } else if (name.starts_with(any)) {
        condition.quantifier = PolicyQuantifier::for_any_value;
        name.remove_prefix(any.size());
    }
    condition.if_exists = name.ends_with(if_exists);
    if (condition.if_exists) name.remove_suffix(if_exists.size());
    const auto* found = std::ranges::find(operators, name, &NamedOperator::name);
    if (found == operators.end()) return fail(malformed(unknown));
    if (found->op == null && (condition.if_exists || condition.quantifier != PolicyQuantifier::plain))
        return fail(malformed(unknown));
    condition.op = found->op;
    condition.negated = found->negated;
    return condition;
}

Result<std::vector<PolicyCondition>> read_conditions(const json::value& found) {
    std::vector<PolicyCondition> conditions;
    const auto* types = found.if_object();
    if (!types) return fail(malformed("Condition must be an object"));
    for (const auto& [name, keys] : *types) {
        const auto type = read_operator(view(name));
        if (!type) return fail(type.error());
        const auto* object = keys.if_object();
        if (!object || object->empty()) return fail(malformed("Condition must have keys"));
        for (const auto& [key, found_values] : *object) {
            auto values = read_values(found_values);
            if (!values) return fail(std::move(values.error()));
            for (const auto& value : *values) {
                if (!is_value_of(type->op, value))
                    return fail(malformed(fmt::format("Invalid value {} of {}", value, view(name))));
            }
            auto condition = *type;
            condition.key = text::lower(view(key));
            condition.values = std::move(*values);
            const bool has_prefix = condition.key.starts_with("aws:") || condition.key.starts_with("s3:");
            if (!has_prefix) return fail(malformed(fmt::format("Policy has an invalid condition key: {}", view(key))));
            conditions.push_back(std::move(condition));
        }
    }
    return conditions;
}

Result<std::string> read_text(const json::value& found, std::string_view name) {
    const auto* text = found.if_string();
    if (!text) return fail(malformed(fmt::format("{} must be a string", name)));
    return std::string(view(*text));
}

/// Refuses members that aren't known: a misspelled Condition would let everybody in.
Result<void> check_members(const json::object& object, std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : object) {
        if (std::ranges::find(known, view(name)) == known.end())
            return fail(malformed(fmt::format("Unknown field {}", view(name))));
    }
    return {};
}

Result<PolicyStatement> read_statement(const json::value& found, std::string_view bucket) {
    const auto* object = found.if_object();
    if (!object) return fail(malformed("Statement must be a list of objects"));
    if (object->if_contains("NotPrincipal"))
        return fail(malformed("NotPrincipal is not supported; deny by a condition on aws:PrincipalArn instead"));
    const auto known = check_members(
        *object, {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    );
    if (!known) return fail(known.error());
    PolicyStatement statement;
    if (const auto* sid = object->if_contains("Sid")) {
        auto text = read_text(*sid, "Sid");
        if (!text) return fail(std::move(text.error()));
        statement.sid = std::move(*text);
    }
    const auto* effect = object->if_contains("Effect");
    if (!effect) return fail(malformed("Missing required field Effect"));
    const auto word = read_text(*effect, "Effect");
    if (!word || (*word != "Allow" && *word != "Deny")) return fail(malformed("Invalid effect"));
    statement.effect = *word == "Allow" ? PolicyEffect::allow : PolicyEffect::deny;

    const auto* principal = object->if_contains("Principal");
    if (!principal) return fail(malformed("Missing required field Principal"));
    auto principals = read_principals(*principal);
    if (!principals) return fail(std::move(principals.error()));
    statement.principals = std::move(*principals);

    auto actions = read_actions(*object);
    if (!actions) return fail(std::move(actions.error()));
    statement.actions = std::move(*actions);
    auto resources = read_resources(*object, bucket);
    if (!resources) return fail(std::move(resources.error()));
    statement.resources = std::move(*resources);

    if (const auto* condition = object->if_contains("Condition")) {
        auto conditions = read_conditions(*condition);
        if (!conditions) return fail(std::move(conditions.error()));
        statement.conditions = std::move(*conditions);
    }
    return statement;
}

}  // namespace

Result<Policy> parse_policy(std::string_view text, std::string_view bucket) {
    if (text.size() > policy_bytes_max)
        return fail(malformed("Normalized policy document exceeds the maximum allowed size"));
    const auto value = parse_policy_json(text);
    if (!value) return fail(value.error());
    const auto* object = value->if_object();
    if (!object) return fail(malformed("Policies must be valid JSON and the first byte must be '{'"));
    const auto known = check_members(*object, {"Version", "Id", "Statement"});
    if (!known) return fail(known.error());
    Policy policy;
    if (const auto* version = object->if_contains("Version")) {
        auto read = read_text(*version, "Version");
        if (!read || (*read != "2012-10-17" && *read != "2008-10-17"))
            return fail(malformed("The policy must contain a valid version string"));
        policy.version = std::move(*read);
    }
    if (const auto* id = object->if_contains("Id")) {
        auto read = read_text(*id, "Id");
        if (!read) return fail(std::move(read.error()));
        policy.id = std::move(*read);
    }
    const auto* statements = object->if_contains("Statement");
    if (!statements) return fail(malformed("Missing required field Statement"));
    const auto* list = statements->if_array();
    if (list && list->empty()) return fail(malformed("Could not parse the policy: Statement is empty!"));
    const std::size_t count = list ? list->size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
        auto statement = read_statement(list ? (*list)[i] : *statements, bucket);
        if (!statement) return fail(std::move(statement.error()));
        policy.statements.push_back(std::move(*statement));
    }
    return policy;
}

}  // namespace cloudshelf::s3
