#pragma once

#include "base/result.hpp"

#include <boost/json/value.hpp>

#include <string_view>

namespace cloudshelf::s3 {

/// JSON as policies need it. Refuses what Boost.JSON alone would take: an object with one key twice, of which one
/// reader sees the first and another the last. Errors: MalformedPolicy.
Result<boost::json::value> parse_policy_json(std::string_view text);

}  // namespace cloudshelf::s3
