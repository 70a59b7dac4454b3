#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::tables {

enum class BackupType : std::uint8_t { user, system };
std::string_view to_string(BackupType type);  // "USER", "SYSTEM"

/// A part of a backup's content, in a file of its own.
struct BackupChunk {
    std::string file;
    std::uint64_t bytes = 0;
    std::string sha256;
};

/// One table at one moment, whole on disk.
struct Backup {
    std::string id;    // of its folder and at the end of its ARN: milliseconds since 1970 and 8 hexadecimal digits
    std::string name;  // as its maker called it
    BackupType type = BackupType::user;
    std::string table;             // encode_table, as the table was
    std::int64_t created_ms = 0;   // since 1970
    std::string log;               // of a continuous backup: the log that goes on where it ends, …
    std::uint64_t position = 0;    // … and the last entry of it that is surely in here
    std::int64_t expires_ms = 0;   // 0: never
    std::int64_t size_bytes = 0;   // of the content
    std::int64_t items = 0;        // records
    std::int64_t verified_ms = 0;  // when all of it was last read again and found right; 0: never
    std::vector<std::pair<std::string, std::string>> tags;
    std::vector<BackupChunk> chunks;
};

/// The backups in a folder, each in a folder of its own: chunks, each fsynced, and at last "backup.json", which says
/// what all of them must be. Without it there is no backup, whatever lies there. Blocks; several threads may read and
/// create, while a backup is changed or removed by one.
class BackupStore {
public:
    struct Options {
        std::filesystem::path folder;
        std::size_t chunk_bytes = 8 << 20;  // and at least one record, whatever its size
    };
    explicit BackupStore(Options options);

    /// Makes the folder, and removes what a process that was killed left half made. To be called before all else.
    /// Answers how many were removed. Errors: "backup.io".
    Result<int> open();

    /// Answers false to end.
    using Visit = std::function<bool(std::string_view key, std::string_view value)>;
    /// Hands all records to the visitor, in order.
    using Content = std::function<Result<void>(const Visit& visit)>;
    /// Writes a backup of what `content` hands over; id, size, items and chunks are filled in. Durable when it answers;
    /// nothing is left of it after an error. Errors: those of `content`, "io.write", "io.disk-full", "backup.io".
    Result<Backup> create(Backup facts, const Content& content) const;

    /// In the order they were made in. Those whose description is damaged are told by `damaged`. Errors: "backup.io".
    struct List {
        std::vector<Backup> backups;
        std::vector<Error> damaged;
    };
    Result<List> list() const;
    /// Errors: "backup.not-found", "backup.damaged".
    Result<Backup> find(std::string_view id) const;

    /// The records of one chunk, found right. Errors: "backup.damaged", which names the file; "io.read".
    using Records = std::vector<std::pair<std::string, std::string>>;
    Result<Records> read_chunk(const Backup& backup, std::size_t chunk) const;
    /// All records, in order; each chunk's are handed over after the chunk was found right. Errors: "backup.damaged",
    /// which names the file; "io.read".
    Result<void> read(const Backup& backup, const Visit& visit) const;
    /// Reads all of it and marks it as verified. Errors: as find, read and create.
    Result<Backup> verify(std::string_view id, std::int64_t now_ms) const;
    /// Errors: as find and create.
    Result<Backup> set_tags(std::string_view id, std::vector<std::pair<std::string, std::string>> tags) const;
    /// Gone at once, whatever happens to its chunks. Errors: "backup.not-found", "backup.io".
    Result<void> remove(std::string_view id) const;

private:
    std::filesystem::path folder_of(std::string_view id) const { return options_.folder / id; }

    Options options_;
};

}  // namespace cloudshelf::tables
