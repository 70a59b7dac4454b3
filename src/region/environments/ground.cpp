#include "region/environments/ground.hpp"

#include "base/crc32c.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace cloudshelf::functions {

std::string groups_begin(const std::filesystem::path& folder) {
    return fmt::format("cloudshelf-functions-{:08x}-", crc32c(folder.string()));
}

Ground::Ground(io::Executor on, HostOptions chosen)
    : executor(std::move(on)),
      options(std::move(chosen)),
      users(::geteuid() == 0 ? options.users_first : 0, users_count()),
      log_files(logs(), options.log_bytes_max) {}

}  // namespace cloudshelf::functions
