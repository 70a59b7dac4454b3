#include "cli/site_folder.hpp"

#include "io/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;

std::string type_of(const fs::path& path) {
    static const std::map<std::string, std::string> types = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
        {".xml", "application/xml"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".avif", "image/avif"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".webmanifest", "application/manifest+json"},
    };
    const auto found = types.find(path.extension().string());
    return found == types.end() ? "application/octet-stream" : found->second;
}

/// "assets/site.0123456789ab.css"
bool carries_its_digest(const std::string& path) {
    if (!path.starts_with("assets/")) return false;
    const auto last = path.rfind('.');
    const auto before = last == std::string::npos || last == 0 ? last : path.rfind('.', last - 1);
    if (before == std::string::npos || last - before < 9) return false;
    return std::all_of(
        path.begin() + static_cast<std::ptrdiff_t>(before) + 1,
        path.begin() + static_cast<std::ptrdiff_t>(last),
        [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
    );
}

int turn_of(const std::string& path) {
    if (path == "index.html") return 3;
    if (path.ends_with(".html")) return 2;
    return path.starts_with("assets/") ? 0 : 1;
}

}  // namespace

Result<bookstore::Site> read_site_folder(const fs::path& folder) {
    std::error_code failed;
    bookstore::Site site;
    fs::recursive_directory_iterator entry(folder, failed);
    if (failed) return fail("io.no-file", fmt::format("{}: {}", folder.string(), failed.message()));
    for (; entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        if (entry->path().filename().string().starts_with('.')) {
            entry.disable_recursion_pending();
            continue;
        }
        if (!entry->is_regular_file()) continue;
        auto body = io::read_file(entry->path());
        if (!body) return fail(body.error());
        const auto path = entry->path().lexically_relative(folder).generic_string();
        const bool for_ever = carries_its_digest(path);
        site.files.push_back({
            .path = path,
            .content_type = type_of(entry->path()),
            .cache_control =
                for_ever ? "public, max-age=31536000, immutable" : "public, max-age=60, stale-if-error=86400",
            .body = std::move(*body),
        });
    }
    if (failed) return fail("io.read", fmt::format("{}: {}", folder.string(), failed.message()));
    std::ranges::sort(site.files, {}, [](const auto& file) { return std::pair(turn_of(file.path), file.path); });
    if (site.files.empty() || site.files.back().path != "index.html") {
        return fail("site.no-front-page", fmt::format("{} has no index.html", folder.string()));
    }
    site.release = bookstore::release_of(site.files);
    return site;
}

}  // namespace cloudshelf::cli
