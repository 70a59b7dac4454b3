#pragma once

#include "twin/twin.hpp"

#include <boost/json/value.hpp>

namespace cloudshelf::twin {

enum class Force : bool { no, yes };

/// The machine of a site is gone with its disk: another takes its place under the site's name. Its member of etcd is
/// removed and a new one added, everything of the site is wiped and made again, and this returns when its member, its
/// controller and, of a region, its database are in step. `force`: also a site that is up; it is lost first.
///
/// Errors: "guard.site-up", "guard.is-writer" (move the writer first), "guard.no-majority", "guard.no-members" (a twin
/// with `--single`), "twin.not-ready" (what was still missing).
Result<void> replace_site(
    const Layout& layout, const std::string& site, const UpOptions& options, Force force, Progress progress
);

/// `GET /v1/members` of the controllers.
Result<boost::json::value> members(const Layout& layout);

}  // namespace cloudshelf::twin
