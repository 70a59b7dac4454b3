#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"
#include "wire/dynamodb/key.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The trees that expressions, and the older parameters, are read into. They own all they need.
namespace cloudshelf::dynamodb {

using Step = std::variant<std::string, std::uint32_t>;  // an attribute's name, or a place in a list

/// A document path; the first step is always a name.
using Path = std::vector<Step>;

const std::string& top_of(const Path& path);
/// "[a, [1], b]", as DynamoDB writes paths in its messages.
std::string to_string(const Path& path);

// ---------------------------------------------------------------------------------------------------- conditions

struct SizeOf {
    Path path;
};
using Operand = std::variant<Path, AttributeValue, SizeOf>;

enum class Comparator : std::uint8_t { eq, ne, lt, le, gt, ge };

struct Condition;

struct Compare {
    Comparator comparator = Comparator::eq;
    Operand left;
    Operand right;
};
struct Between {
    Operand value;
    Operand low;
    Operand high;
};
struct In {
    Operand value;
    std::vector<Operand> list;
};
struct Exists {
    Path path;
    bool wanted = true;  // false: attribute_not_exists
};
struct HasType {
    Path path;
    Type type = Type::S;
};
struct BeginsWith {
    Operand value;
    Operand prefix;
};
struct Contains {
    Operand value;
    Operand part;
};
struct Not {
    std::unique_ptr<Condition> condition;
};
struct And {
    std::vector<Condition> conditions;
};
struct Or {
    std::vector<Condition> conditions;
};

/// ConditionExpression, FilterExpression, Expected, QueryFilter, ScanFilter.
struct Condition {
    std::variant<And, Or, Not, Compare, Between, In, Exists, HasType, BeginsWith, Contains> test;
};

/// All paths that the condition looks at, in the order of the text.
std::vector<Path> paths_of(const Condition& condition);

// ------------------------------------------------------------------------------------------------------- updates

struct Operation;
/// What SET assigns: a value, another path, or something computed.
using Term = std::variant<Path, AttributeValue, std::unique_ptr<Operation>>;
struct Operation {
    enum class Kind : std::uint8_t { plus, minus, if_not_exists, list_append };
    Kind kind;
    Term left;  // of if_not_exists: the path
    Term right;
};

struct Set {
    Path path;
    Term term;
};
struct Remove {
    Path path;
};
struct Add {
    Path path;
    AttributeValue value;  // N, or a set
};
struct Delete {
    Path path;
    AttributeValue value;  // a set
};
using Action = std::variant<Set, Remove, Add, Delete>;

/// UpdateExpression, AttributeUpdates. No two paths overlap.
struct Update {
    std::vector<Action> actions;
};

const Path& path_of(const Action& action);

/// Errors: ValidationException "One or more parameter values were invalid: Cannot update attribute p. This attribute is
/// part of the key".
Result<void> check_key_untouched(const Update& update, const KeySchema& schema);

// ---------------------------------------------------------------------------------------- projections and queries

/// ProjectionExpression, AttributesToGet; no two paths overlap. Without paths: the whole item.
struct Projection {
    std::vector<Path> paths;
};

/// What a query wants of the sort key.
struct SortCondition {
    enum class Kind : std::uint8_t { eq, lt, le, gt, ge, between, begins_with };
    Kind kind = Kind::eq;
    AttributeValue value;
    AttributeValue high;  // only of between
};

/// KeyConditionExpression, KeyConditions; checked against the schema it was read with.
struct KeyCondition {
    AttributeValue hash;
    std::optional<SortCondition> sort;
};

/// Byte strings from `first` (included) to `end` (not included; nothing: to the last).
struct ByteRange {
    std::string first;
    std::optional<std::string> end;
    bool contains(std::string_view bytes) const { return bytes >= first && (!end || bytes < *end); }
};

/// The keys a query reads, for keys that are `prefix`, the hash value and the sort value, the values by `append_key`.
ByteRange range_of(const KeyCondition& condition, std::string prefix = {});

}  // namespace cloudshelf::dynamodb
