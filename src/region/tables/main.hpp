#pragma once

#include <span>
#include <string>

namespace cloudshelf::tables {

/// `cloudshelf-region tables --listen … --region … --data … --credentials …`: DynamoDB's API, until SIGTERM or SIGINT.
/// Exit status: 0 ended as asked, 1 something failed (said on stderr), 2 wrong arguments or configuration.
int tables_main(std::span<const std::string> arguments);

}  // namespace cloudshelf::tables
