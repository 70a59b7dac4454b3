#pragma once

#include <span>
#include <string>

namespace cloudshelf::region {

/// `cloudshelf-region fencer`: the parent of the postmaster; ends the whole cluster when the lease page's deadline
/// comes (design §5, rule 3; docs/decisions/0003-fencer-is-the-parent.md).
int fencer_main(std::span<const std::string> arguments);

}  // namespace cloudshelf::region
