#pragma once

#include "base/result.hpp"
#include "twin/controllers.hpp"
#include "twin/layout.hpp"
#include "twin/twin.hpp"

namespace cloudshelf::twin {

/// Makes folders, secrets and configurations that are not there yet; leaves data alone.
/// Errors: "twin.other-version", io's.
Result<void> prepare(const Layout& layout, const UpOptions& options);

/// The same for one site alone; its member of etcd begins with the others, or joins them.
Result<void> prepare_site(const Layout& layout, const UpOptions& options, const Site& site, EtcdStart start);

/// The version of the twin's folder that this program reads and writes.
inline constexpr int format_version = 2;

/// The folder of PostgreSQL's programs.
inline constexpr const char* postgres_programs = "/usr/lib/postgresql/15/bin";

}  // namespace cloudshelf::twin
