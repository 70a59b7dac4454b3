#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace cloudshelf::cli {

enum class Colour : bool { no, yes };

/// The controller's status as a person reads it: a line per region, the lease, the move under way.
std::string picture(const boost::json::value& status, bool colour);

}  // namespace cloudshelf::cli
