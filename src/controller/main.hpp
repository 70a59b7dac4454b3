#pragma once

#include "controller/config.hpp"

#include <filesystem>

namespace cloudshelf::controller {

/// `cloudshelf controller --config FILE`, and `cloudshelf witness` with smaller limits: runs until SIGTERM. Exit status
/// as of main().
int controller_main(const std::filesystem::path& config, Limits limits = {});

}  // namespace cloudshelf::controller
