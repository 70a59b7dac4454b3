#pragma once

#include <filesystem>

namespace cloudshelf::controller {

/// `cloudshelf controller --config FILE`: runs until SIGTERM. Exit status as of main().
int controller_main(const std::filesystem::path& config);

}  // namespace cloudshelf::controller
