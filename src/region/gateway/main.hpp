#pragma once

#include <span>
#include <string>

namespace cloudshelf::region {

/// `cloudshelf-region gateway --config FILE [--prepare]`: the bookstore over HTTP, until SIGTERM or SIGINT. With
/// `--prepare` it creates the schema and the shipped catalogue in the local database instead, and ends.
/// Exit status: 0 ended as asked, 1 something failed (said on stderr), 2 wrong arguments or configuration.
int gateway_main(std::span<const std::string> arguments);

}  // namespace cloudshelf::region
