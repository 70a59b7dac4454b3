#pragma once

#include "base/result.hpp"
#include "region/log/identity.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::changelog {

boost::json::object to_json(const Identity& identity);
/// Errors: "log.bad-answer".
Result<Identity> identity_in(const boost::json::object& object);
Result<Identity> parse_identity(std::string_view json);

boost::json::object to_json(const Followed& followed);
/// Errors: "log.bad-answer".
Result<Followed> parse_followed(std::string_view json);

/// An object, or nothing: never throws.
std::optional<boost::json::object> parse_object(std::string_view json);
/// A member that is a text, or an empty one.
std::string text_in(const boost::json::object& object, std::string_view name);
/// A member that is a number from 0 on, or 0.
std::uint64_t number_in(const boost::json::object& object, std::string_view name);

/// The error that a body says (HttpResponse::error), or nothing.
std::optional<Error> parse_error(std::string_view json);

}  // namespace cloudshelf::changelog
