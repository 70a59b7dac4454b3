#include "region/functions/package_reader.hpp"

#include "region/functions/bootstrap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <clocale>
#include <locale.h>
#include <memory>
#include <ranges>
#include <set>
#include <sys/stat.h>

namespace cloudshelf::functions {
namespace {

constexpr std::string_view bootstrap_name = "bootstrap";
constexpr std::size_t component_bytes_max = 255;

std::unexpected<Error> refuse(std::string_view why) {
    return fail(
        "functions.bad-package",
        fmt::format("Could not unzip uploaded file. Please check your file, then try to upload again. ({})", why)
    );
}

/// libarchive converts names to the thread's character set, and complains of those that do not fit.
class Utf8 {
public:
    Utf8() : made_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (made_ != nullptr) before_ = ::uselocale(made_);
    }
    ~Utf8() {
        if (made_ == nullptr) return;
        ::uselocale(before_);
        ::freelocale(made_);
    }
    Utf8(const Utf8&) = delete;
    Utf8& operator=(const Utf8&) = delete;

private:
    locale_t made_;
    locale_t before_ = nullptr;
};

/// How many entries the directory at the zip's end can have at the most: libarchive reads all of it before the first
/// entry comes out.
std::size_t entries_bound(std::string_view zip) {
    constexpr std::string_view signature("PK\1\2", 4);
    std::size_t count = 0;
    for (auto at = zip.find(signature); at != std::string_view::npos; at = zip.find(signature, at + 4)) ++count;
    return count;
}

/// Paths that were seen: a file is there once, and nothing is below a file.
class Paths {
public:
    Result<void> add_folder(const std::string& path) {
        if (files_.contains(path)) return refuse(fmt::format("{} is there as a file and as a folder", path));
        if (!named_folders_.insert(path).second) return refuse(fmt::format("{} is there twice", path));
        folders_.insert(path);
        return add_parents(path);
    }
    Result<void> add_file(const std::string& path) {
        if (folders_.contains(path)) return refuse(fmt::format("{} is there as a file and as a folder", path));
        if (!files_.insert(path).second) return refuse(fmt::format("{} is there twice", path));
        return add_parents(path);
    }

private:
    Result<void> add_parents(const std::string& path) {
        for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
            auto parent = path.substr(0, slash);
            if (files_.contains(parent)) return refuse(fmt::format("{} is there as a file and as a folder", parent));
            folders_.insert(std::move(parent));
        }
        return {};
    }

    std::set<std::string, std::less<>> files_;
    std::set<std::string, std::less<>> folders_;
    std::set<std::string, std::less<>> named_folders_;
};

/// The path without a folder's last slash, when it stays inside of where the package is unpacked.
Result<std::string> inner_path(std::string_view name, const PackageLimits& limits) {
    if (name.size() > limits.path_bytes_max) return refuse("a path is too long");
    if (name.ends_with('/')) name.remove_suffix(1);
    const bool printable = std::ranges::all_of(name, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
    if (!printable) return refuse("a path has control characters");
    if (name.contains('\\')) return refuse(fmt::format("{}: folders are separated by / and not by \\", name));
    if (name.empty() || name.starts_with('/')) return refuse(fmt::format("\"{}\" is no relative path", name));
    for (const auto part : name | std::views::split('/')) {
        const std::string_view component(part.begin(), part.end());
        if (component.empty() || component == "." || component == "..")
            return refuse(fmt::format("{} leads out of the package", name));
        if (component.size() > component_bytes_max) return refuse("a path is too long");
    }
    return std::string(name);
}

class Reading {
public:
    Reading(std::string_view zip, const PackageLimits& limits, PackageSink& sink)
        : zip_(zip), limits_(limits), sink_(sink), archive_(::archive_read_new(), &::archive_read_free) {}

    Result<void> run() {
        ::archive_read_support_format_zip_seekable(archive_.get());
        if (::archive_read_open_memory(archive_.get(), zip_.data(), zip_.size()) != ARCHIVE_OK) return refuse_archive();
        while (true) {
            archive_entry* entry = nullptr;
            const int read = ::archive_read_next_header(archive_.get(), &entry);
            if (read == ARCHIVE_EOF) break;
            if (read != ARCHIVE_OK) return refuse_archive();
            if (auto taken = take(entry); !taken) return taken;
        }
        if (!has_bootstrap_) {
            return fail(
                "functions.bad-package", "There is no file named bootstrap at the root of the package; expected was one"
            );
        }
        return {};
    }

private:
    std::unexpected<Error> refuse_archive() {
        const char* why = ::archive_error_string(archive_.get());
        return refuse(why != nullptr ? why : "it is damaged");
    }

    Result<void> take(archive_entry* entry) {
        if (++entries_ > limits_.entries_max)
            return refuse(fmt::format("it has more than {} entries", limits_.entries_max));
        const char* name = ::archive_entry_pathname_utf8(entry);
        if (name == nullptr) return refuse("a path is not UTF-8");
        auto path = inner_path(name, limits_);
        if (!path) return fail(path.error());
        if (::archive_entry_is_encrypted(entry) != 0) return refuse(fmt::format("{} is encrypted", *path));
        const auto kind = ::archive_entry_filetype(entry);
        if (::archive_entry_hardlink(entry) != nullptr || (kind != AE_IFREG && kind != AE_IFDIR))
            return refuse(fmt::format("{} is neither a file nor a folder", *path));
        return kind == AE_IFDIR ? take_folder(*path) : take_file(*path, ::archive_entry_perm(entry));
    }

    Result<void> take_folder(const std::string& path) {
        if (auto added = paths_.add_folder(path); !added) return added;
        return sink_.folder(path);
    }

    Result<void> take_file(const std::string& path, ::mode_t mode) {
        if (auto added = paths_.add_file(path); !added) return added;
        if (auto simple = check_compression(path); !simple) return simple;
        const bool executable = (mode & 0111) != 0;
        const bool is_bootstrap = path == bootstrap_name;
        if (is_bootstrap && !executable) {
            return fail(
                "functions.bad-package",
                fmt::format(
                    "bootstrap has the mode {:04o}; expected was an executable file, such as 0755", mode & 07777
                )
            );
        }
        if (auto begun = sink_.begin_file(path, executable); !begun) return begun;
        std::string head;
        if (auto read = take_content(head); !read) return read;
        if (is_bootstrap) {
            if (auto runs = check_bootstrap(head); !runs) return runs;
            has_bootstrap_ = true;
        }
        return sink_.end_file();
    }

    /// Stored or deflated: what every zip has that is made for Lambda. Others are doors that nobody needs.
    Result<void> check_compression(const std::string& path) {
        const char* format = ::archive_format_name(archive_.get());
        const std::string_view name = format != nullptr ? format : "";
        if (name.ends_with("(uncompressed)") || name.ends_with("(deflation)")) return {};
        return refuse(fmt::format("{} is compressed in another way than by deflate", path));
    }

    /// `head`: becomes the content's first bytes.
    Result<void> take_content(std::string& head) {
        la_int64_t taken = 0;
        while (true) {
            const void* block = nullptr;
            std::size_t size = 0;
            la_int64_t offset = 0;
            const int read = ::archive_read_data_block(archive_.get(), &block, &size, &offset);
            if (read == ARCHIVE_EOF) return {};
            if (read != ARCHIVE_OK) return refuse_archive();
            if (offset != taken) return refuse("a file has a hole");
            taken += static_cast<la_int64_t>(size);
            if (auto fits = count(size); !fits) return fits;
            const std::string_view bytes(static_cast<const char*>(block), size);
            head.append(bytes.substr(0, bootstrap_head_bytes - std::min(head.size(), bootstrap_head_bytes)));
            if (auto written = sink_.write(bytes); !written) return written;
        }
    }

    Result<void> count(std::size_t bytes) {
        unpacked_ += bytes;
        if (unpacked_ > limits_.unpacked_bytes_max) {
            return fail(
                "functions.bad-package",
                fmt::format("Unzipped size must be smaller than {} bytes", limits_.unpacked_bytes_max)
            );
        }
        if (unpacked_ > limits_.ratio_from_bytes && unpacked_ / limits_.ratio_max > zip_.size())
            return refuse(fmt::format("it becomes more than {} times as large", limits_.ratio_max));
        return {};
    }

    std::string_view zip_;
    const PackageLimits& limits_;
    PackageSink& sink_;
    std::unique_ptr<archive, int (*)(archive*)> archive_;
    Paths paths_;
    std::size_t entries_ = 0;
    std::size_t unpacked_ = 0;
    bool has_bootstrap_ = false;
};

}  // namespace

Result<void> read_package(std::string_view zip, const PackageLimits& limits, PackageSink& sink) {
    // An end of a directory and nothing before it is no format that libarchive would know.
    if (zip.empty() || zip.starts_with(std::string_view("PK\5\6", 4)))
        return fail("functions.bad-package", "Uploaded file must be a non-empty zip");
    if (zip.size() > limits.zip_bytes_max) {
        return fail(
            "functions.bad-package", fmt::format("Zipped size must be smaller than {} bytes", limits.zip_bytes_max)
        );
    }
    if (entries_bound(zip) > limits.entries_max)
        return refuse(fmt::format("it has more than {} entries", limits.entries_max));
    const Utf8 names;
    return Reading(zip, limits, sink).run();
}

}  // namespace cloudshelf::functions
