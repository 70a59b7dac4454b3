#include "drivers/tables/key_file.hpp"

#include "io/file.hpp"

#include <fmt/format.h>

namespace cloudshelf::tables_client {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;

}  // namespace

Result<sigv4::Credentials> read_key_file(const std::filesystem::path& file, std::string_view profile) {
    const auto text = io::read_file(file, file_bytes_max);
    if (!text) return fail(text.error());
    const auto keys = sigv4::read_credentials(*text);
    if (!keys) return fail(keys.error().code, fmt::format("{}: {}", file.string(), keys.error().message));
    for (const auto& [id, key] : *keys) {
        if (profile.empty() ? keys->size() == 1 : key.profile == profile) return key;
    }
    if (!profile.empty()) return fail("tables.no-key", fmt::format("{} has no profile {}", file.string(), profile));
    return fail(
        "tables.no-key", fmt::format("{} has {} keys: the profile has to be named", file.string(), keys->size())
    );
}

}  // namespace cloudshelf::tables_client
