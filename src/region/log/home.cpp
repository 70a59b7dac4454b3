#include "region/log/home.hpp"

#include "io/file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace cloudshelf::changelog {

namespace {

constexpr std::string_view stem = "db-";

/// The number of the folder that is current; nothing when the file does not name one.
std::optional<std::uint64_t> number_in(std::string_view name) {
    if (!name.starts_with(stem)) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + stem.size(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return number;
}

std::string name_of(std::uint64_t number) {
    return fmt::format("{}{}", stem, number);
}

Result<std::uint64_t> current_number(const std::filesystem::path& folder) {
    const auto name = io::read_file(folder / "current");
    if (!name) return fail(name.error());
    const auto number = number_in(*name);
    if (!number) return fail("log.corrupt", fmt::format("{} names no folder", (folder / "current").string()));
    return *number;
}

}  // namespace

Result<std::shared_ptr<Database>> open_current(const ChangeLog::Options& options) {
    const std::filesystem::path& folder = options.folder;
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return fail("log.io", fmt::format("{}: {}", folder.string(), failed.message()));
    if (!std::filesystem::exists(folder / "current")) {
        const auto named = io::replace_file(folder / "current", name_of(1));
        if (!named) return fail(named.error());
    }
    const auto number = current_number(folder);
    if (!number) return fail(number.error());
    auto database = Database::open(folder / name_of(*number), database_options(options));
    if (!database) return fail(database.error());
    // RocksDB's lock is ours from here on. Whoever had it before us may have moved on meanwhile.
    const auto again = current_number(folder);
    if (!again) return fail(again.error());
    if (*again != *number) return fail("log.in-use", folder.string() + ": a snapshot is being installed");
    for (const auto& item : std::filesystem::directory_iterator(folder, failed)) {
        const auto other = number_in(item.path().filename().string());
        if (other && *other != *number) std::filesystem::remove_all(item.path(), failed);
    }
    return database;
}

Result<std::filesystem::path> next_home(const std::filesystem::path& folder) {
    const auto number = current_number(folder);
    if (!number) return fail(number.error());
    return folder / name_of(*number + 1);
}

Result<void> move_home(const std::filesystem::path& folder, const std::filesystem::path& home) {
    return io::replace_file(folder / "current", home.filename().string());
}

std::int64_t system_wall_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Database::Options database_options(const ChangeLog::Options& options) {
    return {
        .families = options.families,
        .cache_bytes = options.cache_bytes,
        .memtable_bytes = options.memtable_bytes,
        .salvage = options.recovery == Recovery::salvage
    };
}

}  // namespace cloudshelf::changelog
