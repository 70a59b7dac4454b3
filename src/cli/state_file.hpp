#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace cloudshelf::cli {

/// The version of `cloudshelf state backup`'s file.
inline constexpr int state_file_version = 1;

/// {"format_version", "digest", "state"}; the digest is SHA-256 over the state as we write it.
std::string state_file(const boost::json::object& state);
/// The state in such a file. Errors: "state.unreadable", "state.damaged" (the digest), "state.other-version".
Result<boost::json::object> read_state_file(std::string_view text);
/// The digest that a file of this state carries.
std::string state_digest(const boost::json::object& state);

}  // namespace cloudshelf::cli
