#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// How bodies of requests are read: by the members' names, with the model's constraints. Members that nobody asks for
/// are passed over, as AWS does: newer clients send more.
namespace cloudshelf::lambda {

/// The members of an object. Reading goes on after a complaint, with empty values; the first complaint is the answer.
class Fields {
public:
    explicit Fields(const boost::json::object& object) : object_(object) {}

    /// Errors: SerializationException, ValidationException, and what was handed to `complain`.
    Result<void> done() const;
    void complain(Error error);

    /// Absent or null: nothing.
    std::optional<std::string> text(std::string_view name, std::size_t length_max);
    std::string need_text(std::string_view name, std::size_t length_max);
    std::optional<std::int64_t> number(
        std::string_view name, std::int64_t least, std::int64_t most = std::numeric_limits<std::int64_t>::max()
    );
    std::optional<bool> flag(std::string_view name);
    std::optional<std::map<std::string, std::string>> texts_by_name(std::string_view name);
    /// Null where there is none.
    const boost::json::object* object(std::string_view name);
    const boost::json::array* array(std::string_view name);
    /// Whether the member is there and says anything: not null, not an empty text, list or object.
    bool given(std::string_view name) const;

private:
    const boost::json::value* find(std::string_view name) const;

    const boost::json::object& object_;
    std::optional<Error> first_;
};

}  // namespace cloudshelf::lambda
