#pragma once

#include "base/result.hpp"
#include "twin/layout.hpp"
#include "twin/site.hpp"
#include "twin/twin.hpp"

#include <boost/json/object.hpp>

#include <filesystem>

namespace cloudshelf::twin {

/// The plan's functions that have a package, on the twin: each region has a Lambda host of its own.
bool has_functions(const Layout& layout);

/// The Lambda host of a region.
Program function_host(const Layout& layout, const UpOptions& options, const Site& site);

/// "functions" of a gateway's configuration: the plan's paths, to the aliases of the functions in its region.
boost::json::object function_routes(const Layout& layout, const Site& site);

/// Where what functions in a region are configured with is kept: `{"NAME": "value"}`, secrets among them.
std::filesystem::path function_variables_file(const Layout& layout, const Site& site);
/// Writes it. Errors: io's.
Result<void> write_function_variables(const Layout& layout, const Site& site);

/// The plan's functions into both regions, where they are not there yet or have other code; tried until the hosts and
/// what functions need are there. Errors: "twin.not-ready".
Result<void> deploy_functions(const Layout& layout, const UpOptions& options);

}  // namespace cloudshelf::twin
