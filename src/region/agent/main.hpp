#pragma once

#include <span>
#include <string>

namespace cloudshelf::region {

/// `cloudshelf-region agent --config FILE`.
int agent_main(std::span<const std::string> arguments);

}  // namespace cloudshelf::region
