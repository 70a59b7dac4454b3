#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/http.hpp"
#include "region/log/change_log.hpp"
#include "region/log/follower.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::changelog {

struct SnapshotFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::string sha256;
};

/// What a snapshot consists of.
struct Manifest {
    std::string id;
    RegionName region;  // whose log it is of
    Identity identity;
    Position at_least;
    std::vector<SnapshotFile> files;

    std::string json() const;
    /// Errors: "log.bad-manifest"; a file's name that is more than a name is refused.
    static Result<Manifest> parse(std::string_view json);
};

/// The snapshots that a source keeps, each a checkpoint in a folder of its own. Blocks; one thread at a time.
class SnapshotStore {
public:
    SnapshotStore(std::filesystem::path folder, std::size_t keep_max);

    /// Errors: those of ChangeLog::checkpoint.
    Result<Manifest> make(ChangeLog* log);
    /// Errors: "log.no-snapshot".
    Result<Manifest> find(std::string_view id) const;
    /// Errors: "log.no-snapshot", "io.read".
    Result<std::string> read(std::string_view id, std::string_view file, std::uint64_t offset, std::size_t bytes_max)
        const;
    void remove(std::string_view id);

private:
    std::filesystem::path folder_;
    std::size_t keep_max_;
    std::vector<Manifest> kept_;
};

struct FetchOptions {
    io::Endpoint source;
    std::string secret;
    RegionName replica;            // us
    std::filesystem::path folder;  // what was fetched before is used
    std::size_t piece_bytes = 4 << 20;
    Duration piece_limit = std::chrono::seconds(30);
};
/// Fetches a snapshot, file by file and piece by piece, and checks each file. After an error, call it again: it goes on
/// where it stood, while the source still has that snapshot, and begins anew otherwise. Errors: those of
/// HttpClient::send, "log.refused", "log.corrupt" (a file that is wrong is fetched anew at the next call).
io::Task<Result<Manifest>> fetch_snapshot(io::HttpClient* client, FetchOptions options);

/// What becomes of writes that were accepted here and that the snapshot does not know.
enum class OwnWrites {
    carry_over,  // they are applied again on top; refused with "log.would-lose" when the log no longer has them all
    discard      // they are lost: say so to whoever decides it
};
/// Replaces the data of a folder by a fetched snapshot: a crash at any moment leaves the old or the new. The folder
/// must not be open. The log gets a new id, and follows the snapshot's region from where the snapshot ends. `apply` is
/// called for each write that is carried over, with our region as its origin. Errors: "log.would-lose", those of
/// ChangeLog::open and of `apply`.
Result<void> install_snapshot(
    ChangeLog::Options options, std::filesystem::path fetched, Manifest manifest, OwnWrites own_writes, Apply apply
);

/// A folder that was put back from a backup by other means: gives its log a new id, so that whoever followed it
/// notices. The folder must not be open. Errors: those of ChangeLog::open.
Result<void> mark_restored(ChangeLog::Options options);

}  // namespace cloudshelf::changelog
