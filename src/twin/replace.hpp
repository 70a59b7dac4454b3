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

/// Adds a member of the state store for a site that is new, or takes one out; answers whether that changed anything.
/// Refused where the members that are up would not be a majority afterwards. `peer_url`: where the other members reach
/// it; to remove one, needed only where it has never been up. Errors: "guard.no-majority", "guard.no-members", those of
/// the call.
Result<bool> add_member(const Layout& layout, const std::string& name, const std::string& peer_url);
Result<bool> remove_member(const Layout& layout, const std::string& name, const std::string& peer_url = {});

/// `GET /v1/members` of the controllers.
Result<boost::json::value> members(const Layout& layout);

}  // namespace cloudshelf::twin
