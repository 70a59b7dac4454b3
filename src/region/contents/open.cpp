// A store is opened: its folders are there and durable, and nothing is left of what a crash interrupted.
#include "region/contents/errors.hpp"
#include "region/contents/shared.hpp"
#include "region/contents/store.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::contents {
namespace {

namespace fs = std::filesystem;

/// Makes the folder where it is not there yet; `made` says so.
Result<Descriptor> make_folder(const fs::path& path, bool& made) {
    if (::mkdir(path.c_str(), 0700) == 0) {
        made = true;
    } else if (errno != EEXIST) {
        return fail(io_failed(path.native(), "cannot be made", errno));
    }
    Descriptor opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return fail(io_failed(path.native(), "cannot be opened", errno));
    return opened;
}

Result<Descriptor> lock(const fs::path& folder) {
    const fs::path path = folder / "lock";
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return fail(io_failed(path.native(), "cannot be opened", errno));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail("contents.in-use", fmt::format("{}: another process has it open", folder.native()));
    }
    return file;
}

Result<void> make_folders(Shared& shared) {
    const fs::path& folder = shared.options.folder;
    bool made = false;
    for (const auto& [name, to] : {std::pair("tmp", &shared.tmp), std::pair("quarantine", &shared.quarantine)}) {
        auto opened = make_folder(folder / name, made);
        if (!opened) return fail(std::move(opened.error()));
        *to = std::move(*opened);
    }
    for (std::size_t i = 0; i < folders; ++i) {
        auto opened = make_folder(folder / fmt::format("{:02x}", i), made);
        if (!opened) return fail(std::move(opened.error()));
        shared.of[i].descriptor = std::move(*opened);
    }
    if (!made || shared.options.sync == Sync::off) return {};
    for (const fs::path& path : {folder, fs::absolute(folder).parent_path()}) {
        if (const int number = sync_folder(path); number != 0) {
            return fail(io_failed(path.native(), "cannot be fsynced", number));
        }
    }
    return {};
}

Result<void> clean_up(Shared& shared) {
    std::vector<std::string> left;
    std::error_code problem;
    for (fs::directory_iterator at(shared.options.folder / "tmp", problem), end; !problem && at != end;
         at.increment(problem)) {
        left.push_back(at->path().filename().native());
    }
    if (problem) return fail(io_failed("tmp", "cannot be listed", problem.value()));
    for (const auto& name : left) {
        if (name.ends_with(journal_suffix)) {
            if (auto finished = finish_rewrap(shared, name); !finished) return finished;
        }
        if (::unlinkat(shared.tmp.get(), name.c_str(), 0) != 0) {
            return fail(io_failed("tmp/" + name, "cannot be removed", errno));
        }
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Options options) {
    if (options.keys == nullptr) return fail("contents.keys", "a store cannot be opened without a key file");
    auto shared = std::make_shared<Shared>();
    shared->options = std::move(options);
    const fs::path& folder = shared->options.folder;
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(io_failed(folder.native(), "cannot be made", errno));
    }
    auto locked = lock(folder);
    if (!locked) return fail(std::move(locked.error()));
    shared->lock = std::move(*locked);
    if (auto made = make_folders(*shared); !made) return fail(std::move(made.error()));
    if (auto cleaned = clean_up(*shared); !cleaned) return fail(std::move(cleaned.error()));

    std::unique_ptr<Store> store(new Store(shared));
    const auto count = [&counts = shared->counts](const ContentName&, std::uint64_t bytes) {
        ++counts.files;
        counts.bytes += bytes;
        return true;
    };
    if (auto counted = store->for_each(count); !counted) return fail(std::move(counted.error()));
    return store;
}

Result<bool> Store::has_contents(const fs::path& folder) {
    for (std::size_t i = 0; i < folders; ++i) {
        const fs::path path = folder / fmt::format("{:02x}", i);
        std::error_code problem;
        fs::directory_iterator at(path, problem);
        if (problem == std::errc::no_such_file_or_directory) continue;
        if (problem) return fail(io_failed(path.native(), "cannot be listed", problem.value()));
        if (at != fs::directory_iterator()) return true;
    }
    return false;
}

Result<void> Store::for_each(const Visit& visit, const std::optional<ContentName>& after) const {
    if (after && !is_valid(*after)) return fail(bad_name());
    for (std::size_t i = 0; i < folders; ++i) {
        const std::string folder = fmt::format("{:02x}", i);
        if (after && folder < folder_of(*after)) continue;
        const fs::path path = shared_->options.folder / folder;
        std::vector<ContentName> names;
        DIR* const listing = ::opendir(path.c_str());
        if (listing == nullptr) return fail(io_failed(path.native(), "cannot be listed", errno));
        errno = 0;
        while (const dirent* const entry = ::readdir(listing)) {
            auto name = from_flat(folder + entry->d_name);  // what is no name of ours is nobody's business here
            if (name && (!after || *after < *name)) names.push_back(std::move(*name));
        }
        const int number = errno;
        ::closedir(listing);
        if (number != 0) return fail(io_failed(path.native(), "cannot be listed", number));
        std::ranges::sort(names);
        for (const auto& name : names) {
            struct ::stat found{};
            const int at = shared_->of[i].descriptor.get();
            if (::fstatat(at, file_of(name).c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) continue;  // removed meanwhile
            if (!visit(name, static_cast<std::uint64_t>(found.st_size))) return {};
        }
    }
    return {};
}

}  // namespace cloudshelf::contents
