#pragma once

#include "base/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::tables {

enum class Needed : bool { no, yes };

/// Reads the members of a control operation's request and gathers what is wrong with them, since DynamoDB tells all of
/// it at once: "2 validation errors detected: Value null at 'keySchema' failed to satisfy constraint: …". `path` is
/// what a member's own name stands behind: "" or "keySchema.1.member.". What is absent, null or wrong reads as nothing.
class Constraints {
public:
    struct Text {
        std::size_t length_min = 0;
        std::size_t length_max = std::numeric_limits<std::size_t>::max();
        bool name = false;  // only letters, digits and _.-
        std::span<const std::string_view> words;
    };
    using Object = boost::json::object;

    std::optional<std::string> text(
        const Object& from, std::string_view path, std::string_view name, Needed needed, const Text& limits
    );
    std::optional<std::int64_t> number(
        const Object& from,
        std::string_view path,
        std::string_view name,
        Needed needed,
        std::int64_t min = std::numeric_limits<std::int64_t>::min(),
        std::int64_t max = std::numeric_limits<std::int64_t>::max()
    );
    std::optional<bool> flag(const Object& from, std::string_view path, std::string_view name, Needed needed);
    const Object* structure(const Object& from, std::string_view path, std::string_view name, Needed needed);
    /// Its members that are objects; others are told. Null: it isn't there.
    const boost::json::array* list(
        const Object& from,
        std::string_view path,
        std::string_view name,
        Needed needed,
        std::size_t length_min = 0,
        std::size_t length_max = std::numeric_limits<std::size_t>::max()
    );
    /// A list's member as a structure; null (and told) where it is none.
    const Object* member(const boost::json::value& value);

    /// Errors: SerializationException for a member of another kind, before ValidationException for the rest.
    Result<void> verdict() const;

private:
    const boost::json::value* find(const Object& from, std::string_view path, std::string_view name, Needed needed);
    void wrong_kind(const boost::json::value& value, std::string_view expected);
    void violated(std::string_view value, std::string_view path, std::string_view name, std::string_view rule);

    std::optional<Error> serialization_;
    std::vector<std::string> violated_;
};

/// TableName, which may be the table's ARN. Errors: as DynamoDB words them.
Result<std::string> read_table_name(const boost::json::object& request, std::string_view member = "TableName");

}  // namespace cloudshelf::tables
