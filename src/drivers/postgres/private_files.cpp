#include "drivers/postgres/private_files.hpp"

#include "io/file.hpp"
#include "io/process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace cloudshelf::postgres {
namespace {

namespace fs = std::filesystem;

Result<void> give(const fs::path& path, const std::string& user) {
    if (user.empty()) return {};
    const auto found = io::User::find(user);
    if (!found) return fail(found.error());
    if (::chown(path.c_str(), found->uid, found->gid) == 0) return {};
    return fail(
        "postgres.files", fmt::format("{}: cannot be given to {}: {}", path.string(), user, std::strerror(errno))
    );
}

}  // namespace

Result<void> make_private_folder(const fs::path& path, const std::string& user) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (!failed) fs::permissions(path, fs::perms::owner_all, failed);
    if (failed) return fail("postgres.files", fmt::format("{}: {}", path.string(), failed.message()));
    return give(path, user);
}

Result<void> write_private_file(const fs::path& path, const std::string& content, const std::string& user) {
    if (const auto written = io::replace_file(path, content, 0600); !written) return written;
    return give(path, user);
}

}  // namespace cloudshelf::postgres
