#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/expression.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace cloudshelf::dynamodb {

/// The value at a path, or null.
const AttributeValue* at(const Item& item, const Path& path);

/// What size() is of a value: bytes of S and B, members of sets, elements of L and M; nothing of the rest.
std::optional<std::size_t> measure(const AttributeValue& value);

/// Whether the condition holds. An absent attribute, or one of another type, fails every test except `<>`,
/// attribute_not_exists and what NOT makes of them. An item that doesn't exist is an empty one.
bool matches(const Condition& condition, const Item& item);

struct Updated {
    Item item;
    Projection touched;  // for UPDATED_OLD and UPDATED_NEW: project the old or the new item with it
};

/// The item after the update; all right-hand sides see the item as it was. An item that doesn't exist is the key's
/// attributes alone. Errors: ValidationException for paths and operands that the item doesn't allow, numbers out of
/// range, and an item that grew beyond 400 KB or 32 levels ("Item size to update has exceeded …").
Result<Updated> apply(const Update& update, Item item);

/// The part of an item that a projection names; without paths, all of it. Elements of lists close ranks in their order.
Item project(const Projection& projection, const Item& item);

/// Like `project`, for when nothing is to come back rather than everything where there are no paths (UPDATED_OLD).
Item project_only(const std::vector<Path>& paths, const Item& item);

}  // namespace cloudshelf::dynamodb
