#include "wire/s3/ip_block.hpp"
#include "wire/s3/policy.hpp"
#include "wire/s3/policy_values.hpp"
#include "wire/s3/value_text.hpp"
#include "wire/s3/wildcard.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cloudshelf::s3 {
namespace {

using enum PolicyOperator;

template <class Number>
bool compare(PolicyOperator op, std::optional<Number> actual, std::optional<Number> wanted) {
    if (!actual || !wanted) return false;
    switch (op) {
        case numeric_less_than:
        case date_less_than:
            return *actual < *wanted;
        case numeric_less_than_equals:
        case date_less_than_equals:
            return *actual <= *wanted;
        case numeric_greater_than:
        case date_greater_than:
            return *actual > *wanted;
        case numeric_greater_than_equals:
        case date_greater_than_equals:
            return *actual >= *wanted;
        default:
            return *actual == *wanted;
    }
}

bool in_block(std::string_view address, std::string_view block) {
    const auto parsed = parse_ip_block(address);
    const auto wanted = parse_ip_block(block);
    return parsed && wanted && contains(*wanted, *parsed);
}

/// One value of the request against one of the policy, negation aside.
bool holds(PolicyOperator op, std::string_view actual, std::string_view wanted) {
    switch (op) {
        case string_equals:
            return actual == wanted;
        case string_equals_ignore_case:
            return text::lower(actual) == text::lower(wanted);
        case string_like:
        case arn_like:
            return matches_wildcard(wanted, actual, QuestionMark::one);
        case numeric_equals:
        case numeric_less_than:
        case numeric_less_than_equals:
        case numeric_greater_than:
        case numeric_greater_than_equals:
            return compare(op, policy_number(actual), policy_number(wanted));
        case date_equals:
        case date_less_than:
        case date_less_than_equals:
        case date_greater_than:
        case date_greater_than_equals:
            return compare(op, policy_date_ms(actual), policy_date_ms(wanted));
        case boolean: {
            const auto value = policy_bool(actual);
            return value && value == policy_bool(wanted);
        }
        case ip_address:
            return in_block(actual, wanted);
        case null:
            return false;  // is about the key, not about a value
    }
    std::unreachable();
}

bool holds(const PolicyCondition& condition, const PolicyRequest& request) {
    const auto found = request.context.find(condition.key);
    const bool present = found != request.context.end() && !found->second.empty();
    if (condition.op == null) {
        return std::ranges::any_of(condition.values, [&](const auto& value) { return policy_bool(value) != present; });
    }
    if (!present) {
        if (condition.if_exists || condition.quantifier == PolicyQuantifier::for_all_values) return true;
        // What isn't there is no value at all, so it is none of those that are not wanted.
        return condition.negated && condition.quantifier == PolicyQuantifier::plain;
    }
    const auto satisfied = [&](const std::string& actual) {
        const bool any = std::ranges::any_of(condition.values, [&](const auto& wanted) {
            return holds(condition.op, actual, wanted);
        });
        return any != condition.negated;
    };
    const bool all = condition.quantifier == PolicyQuantifier::for_all_values ||
                     (condition.quantifier == PolicyQuantifier::plain && condition.negated);
    return all ? std::ranges::all_of(found->second, satisfied) : std::ranges::any_of(found->second, satisfied);
}

bool is_about(const PolicyPrincipals& principals, const PolicyRequest& request) {
    if (principals.everybody) return true;
    if (request.anonymous) return false;
    const auto& id = request.canonical_id;
    if (!id.empty() && std::ranges::find(principals.canonical, id) != principals.canonical.end()) return true;
    return std::ranges::any_of(principals.aws, [&](const std::string& listed) {
        if (!request.principal_arn.empty() && listed == request.principal_arn) return true;
        if (request.account.empty()) return false;
        return listed == request.account || listed == "arn:aws:iam::" + request.account + ":root";
    });
}

bool is_about(const PolicyPatterns& patterns, std::string_view text) {
    const bool any = std::ranges::any_of(patterns.patterns, [&](const std::string& pattern) {
        return matches_wildcard(pattern, text, QuestionMark::one);
    });
    return any != patterns.excluded;
}

bool applies(const PolicyStatement& statement, const PolicyRequest& request) {
    return is_about(statement.principals, request) && is_about(statement.actions, text::lower(request.action)) &&
           is_about(statement.resources, request.resource) &&
           std::ranges::all_of(statement.conditions, [&](const auto& condition) { return holds(condition, request); });
}

/// A network so wide that S3 calls it everybody: shorter than /8, or /32 of IPv6.
bool is_narrow(std::string_view text) {
    const auto block = parse_ip_block(text);
    return block && block->prefix_bits >= (block->v6 ? 32 : 8);
}

/// Whether a condition confines a statement to callers that are named.
bool confines(const PolicyCondition& condition) {
    constexpr auto keys = std::to_array<std::string_view>(
        {"aws:principalarn",
         "aws:principalorgid",
         "aws:principalorgpaths",
         "aws:principalaccount",
         "aws:sourcearn",
         "aws:sourceaccount",
         "aws:sourceowner",
         "aws:sourcevpc",
         "aws:sourcevpce",
         "aws:userid",
         "s3:dataaccesspointaccount",
         "s3:dataaccesspointarn"}
    );
    if (condition.negated || condition.if_exists || condition.quantifier == PolicyQuantifier::for_all_values)
        return false;
    if (condition.op == ip_address)
        return condition.key == "aws:sourceip" && std::ranges::all_of(condition.values, is_narrow);
    const bool by_text = condition.op == string_equals || condition.op == string_equals_ignore_case ||
                         condition.op == string_like || condition.op == arn_like;
    if (!by_text || std::ranges::find(keys, condition.key) == keys.end()) return false;
    return std::ranges::none_of(condition.values, [](const std::string& value) {
        return value.contains('*') || value.contains('?');
    });
}

}  // namespace

Verdict evaluate(const Policy& policy, const PolicyRequest& request) {
    auto verdict = Verdict::none;
    for (const auto& statement : policy.statements) {
        if (!applies(statement, request)) continue;
        if (statement.effect == PolicyEffect::deny) return Verdict::deny;
        verdict = Verdict::allow;
    }
    return verdict;
}

bool is_public(const Policy& policy) {
    return std::ranges::any_of(policy.statements, [](const PolicyStatement& statement) {
        return statement.effect == PolicyEffect::allow && statement.principals.everybody &&
               std::ranges::none_of(statement.conditions, confines);
    });
}

}  // namespace cloudshelf::s3
