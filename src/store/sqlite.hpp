#pragma once

#include "store/store.hpp"

#include <filesystem>
#include <memory>

struct sqlite3;

namespace cloudshelf::store {

/// State and journal in one SQLite file: WAL, synchronous=FULL, so that what was acknowledged survives SIGKILL and
/// power loss. One process, one thread.
class SqliteStore : public StateStore, public Journal {
public:
    /// Errors: "store.other-version" (naming both), "store.failed".
    static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& path);
    ~SqliteStore() override;

    Result<std::optional<Entry>> get(const std::string& key) override;
    Result<Swapped> compare_and_swap(const std::string& key, std::uint64_t expected, const std::string& value) override;
    Result<std::uint64_t> append(
        std::uint64_t epoch, const std::string& execution, const std::string& kind, const std::string& data
    ) override;
    Result<std::vector<JournalEntry>> read(std::uint64_t from, std::size_t count) override;
    Result<std::optional<JournalFault>> verify() override;

private:
    explicit SqliteStore(sqlite3* database) : database_(database) {}
    sqlite3* database_;
};

}  // namespace cloudshelf::store
