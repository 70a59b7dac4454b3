#include "region/functions/package_store.hpp"

#include "base/digest.hpp"
#include "region/functions/unpacker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <utility>
#include <vector>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;

bool is_digest(std::string_view name) {
    return name.size() == 64 &&
           std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<void> make_folder(const fs::path& folder) {
    if (::mkdir(folder.c_str(), 0755) != 0 || ::chmod(folder.c_str(), 0755) != 0)
        return fail(disk_error(folder, errno));
    return {};
}

/// Folders are removed when it goes, unless it was told to keep them.
class Leftovers {
public:
    explicit Leftovers(fs::path folder) : folder_(std::move(folder)) {}
    ~Leftovers() {
        std::error_code ignored;
        if (!kept_) fs::remove_all(folder_, ignored);
    }
    Leftovers(const Leftovers&) = delete;
    Leftovers& operator=(const Leftovers&) = delete;
    void keep() { kept_ = true; }

private:
    fs::path folder_;
    bool kept_ = false;
};

}  // namespace

Result<std::unique_ptr<PackageStore>> PackageStore::open(Options options) {
    std::error_code problem;
    fs::create_directories(options.folder, problem);
    if (problem) return fail(disk_error(options.folder, problem.value()));
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(options.folder, problem)) {
        if (!is_digest(entry.path().filename().string())) left.push_back(entry.path());
    }
    if (problem) return fail(disk_error(options.folder, problem.value()));
    for (const auto& each : left) {
        fs::remove_all(each, problem);
        if (problem) return fail(disk_error(each, problem.value()));
    }
    return std::unique_ptr<PackageStore>(new PackageStore(std::move(options)));
}

PackagePtr PackageStore::hold(const std::string& digest) {
    marked_.erase(digest);
    if (auto known = held_[digest].lock()) return known;
    const auto folder = options_.folder / digest;
    std::error_code problem;
    const auto bytes = fs::file_size(folder / "package.zip", problem);
    if (problem || !fs::exists(folder / "root" / "bootstrap", problem)) return nullptr;
    auto made = std::make_shared<const Package>(
        Package{.digest = digest, .zip_bytes = bytes, .zip = folder / "package.zip", .root = folder / "root"}
    );
    held_[digest] = made;
    return made;
}

PackagePtr PackageStore::find(const std::string& digest) {
    const std::scoped_lock lock(mutex_);
    return is_digest(digest) ? hold(digest) : nullptr;
}

fs::path PackageStore::fresh_folder(std::string_view prefix) {
    const std::scoped_lock lock(mutex_);
    return options_.folder / fmt::format("{}{}", prefix, next_++);
}

Result<void> PackageStore::make(const fs::path& folder, std::string_view zip) const {
    if (auto made = make_folder(folder); !made) return made;
    if (auto made = make_folder(folder / "root"); !made) return made;
    Unpacker unpacker(folder / "root");
    if (auto read = read_package(zip, options_.limits, unpacker); !read) return read;
    if (auto synced = unpacker.sync_folders(); !synced) return synced;
    if (auto written = write_file(folder / "package.zip", zip); !written) return written;
    return sync_folder(folder);
}

Result<PackagePtr> PackageStore::add(std::string_view zip) {
    auto digest = sha256_hex(zip);
    if (auto known = find(digest)) return known;
    std::error_code unknown;
    const auto space = fs::space(options_.folder, unknown);
    if (!unknown && space.available < options_.free_bytes_min + zip.size())
        return fail("functions.disk-full", options_.folder.string() + ": there is no space for another package");

    const auto fresh = fresh_folder(".incoming-");
    Leftovers leftovers(fresh);
    if (auto made = make(fresh, zip); !made) return fail(made.error());
    const std::scoped_lock lock(mutex_);
    if (auto known = hold(digest)) return known;  // somebody sent the same meanwhile
    const auto final_folder = options_.folder / digest;
    std::error_code problem;
    fs::remove_all(final_folder, problem);  // a damaged one, else there is none
    fs::rename(fresh, final_folder, problem);
    if (problem) return fail(disk_error(final_folder, problem.value()));
    leftovers.keep();
    if (auto synced = sync_folder(options_.folder); !synced) return fail(synced.error());
    return hold(digest);
}

bool PackageStore::is_free(const std::string& digest) {
    const auto held = held_.find(digest);
    if (held == held_.end()) return true;
    if (!held->second.expired()) return false;
    held_.erase(held);
    return true;
}

std::size_t PackageStore::collect(const std::set<std::string, std::less<>>& kept) {
    std::vector<fs::path> gone;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(options_.folder, problem)) {
        const auto name = entry.path().filename().string();
        if (!is_digest(name)) continue;
        auto aside = fresh_folder(".gone-");
        const std::scoped_lock lock(mutex_);
        if (kept.contains(name) || !is_free(name)) {
            marked_.erase(name);
        } else if (marked_.insert(name).second) {
            continue;
        } else {
            marked_.erase(name);
            fs::rename(entry.path(), aside, problem);  // out of everybody's sight at once
            if (!problem) gone.push_back(std::move(aside));
        }
    }
    for (const auto& each : gone) fs::remove_all(each, problem);
    return gone.size();
}

}  // namespace cloudshelf::functions
