#pragma once

#include "base/result.hpp"
#include "twin/layout.hpp"
#include "twin/site.hpp"

#include <boost/json/object.hpp>

namespace cloudshelf::twin {

/// Who the programs of a site are, and whom they believe.
boost::json::object tls_of(const Layout& layout, const Site& site);
/// The application's time-outs, as agents and controllers read them.
boost::json::object timing_of(const Layout& layout);
/// The controllers in the order in which a site's agent asks them: its own first.
boost::json::array controllers_for(const Layout& layout, const Site& site);

/// The configuration of the controller at a site.
boost::json::object controller_config(const Layout& layout, const Site& site);

/// Whether a site's member of etcd begins a new cluster or joins one that is there.
enum class EtcdStart { together, joins };
/// The member of etcd at a site. It reaches the others through the site's proxy. Errors: "store.bad-member".
Result<Program> etcd_member(const Layout& layout, const Site& site, EtcdStart start);

}  // namespace cloudshelf::twin
