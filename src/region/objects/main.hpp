#pragma once

#include <span>
#include <string>

namespace cloudshelf::objects {

/// `cloudshelf-region objects --listen … --region … --data … --credentials …`: S3's API, until SIGTERM or SIGINT.
/// Exit status: 0 ended as asked, 1 something failed (said on stderr), 2 wrong arguments or configuration.
int objects_main(std::span<const std::string> arguments);

}  // namespace cloudshelf::objects
