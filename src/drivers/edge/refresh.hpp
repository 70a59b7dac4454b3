#pragma once

#include "base/result.hpp"
#include "io/clock.hpp"
#include "io/http.hpp"
#include "io/task.hpp"

#include <filesystem>
#include <string>

namespace cloudshelf::edge {

/// The header that makes an edge ask its origins although it has a copy.
inline constexpr std::string_view refresh_header = "X-Cloudshelf-Refresh";

/// What the edges and whoever refreshes them share: a file with 32 to 128 characters of a-z and 0-9. Errors:
/// "edge.bad-option", those of io::read_file.
Result<std::string> read_refresh_secret(const std::filesystem::path& file);

struct Refreshed {
    int status = 0;      // of the page: 404 for one that is gone, which is refreshed all the same
    std::string origin;  // "primary" or "replica"
};

/// Has one page fetched anew: an invalidation of one path that leaves the copy until the new one is there. The client
/// outlives the call. `path`: as on the wire. Errors: "edge.unavailable", "edge.not-refreshed" (another secret),
/// "edge.no-origin" (neither origin has it to give; the copy stays).
io::Task<Result<Refreshed>> refresh(
    io::HttpClient* client,
    io::Endpoint edge,
    std::string host,
    std::string path,
    std::string secret,
    io::Deadline deadline
);

}  // namespace cloudshelf::edge
