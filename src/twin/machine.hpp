#pragma once

#include "base/result.hpp"
#include "twin/layout.hpp"

namespace cloudshelf::twin {

/// Checks that the twin can start here, before anything does: what it runs is installed, its data are of this version,
/// every port is free. Errors: "twin.no-postgres", "twin.no-powerdns", "twin.no-etcd", "twin.no-nginx",
/// "twin.other-version", "twin.port-taken".
Result<void> check_machine(const Layout& layout);

/// The last of it alone: nobody listens where the twin will. Errors: "twin.port-taken", naming who does.
Result<void> check_ports(const Layout& layout);

}  // namespace cloudshelf::twin
