#pragma once

#include "region/functions/runner_factory.hpp"

#include <span>
#include <string>

namespace cloudshelf::functions {

/// `cloudshelf-region functions --listen … --region … --data … --credentials …`: Lambda's API, until SIGTERM or SIGINT.
/// Exit status: 0 ended as asked, 1 something failed (said on stderr), 2 wrong arguments or configuration.
int functions_main(std::span<const std::string> arguments);

/// The same with another runner: for trials.
int functions_main(std::span<const std::string> arguments, MakeRunner make_runner);

}  // namespace cloudshelf::functions
